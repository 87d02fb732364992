import {
  formatLogPosition,
  getTaskChannel,
  LOG_START,
  type LogPosition,
  Problem,
  parseLogPosition,
} from "../../../protocol/index.ts";
import { canReadTask, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";
import { toWireTask } from "../../wire.ts";
import { type FollowInput, type FollowStream, StreamPacer } from "../follow.ts";
import { findTask } from "./await-task.ts";
import { readLogPage } from "./task-logs.ts";

/** Maximum number of log lines in one event. */
const MAX_LINES = 500;

/**
 * The state of a client: a version of the task and a position in its log. Event ids contain both, so
 * that any server can resume the stream.
 */
interface StreamPosition {
  version: number;
  logPosition: LogPosition;
}

const formatPosition = ({ version, logPosition }: StreamPosition): string =>
  logPosition === LOG_START ? String(version) : `${version}_${formatLogPosition(logPosition)}`;

const parsePosition = (id: string | undefined): StreamPosition => {
  const [version = "", logPosition] = (id ?? "").split("_");
  const isValid = /^\d{1,15}$/.test(version);
  return {
    version: isValid ? Number(version) : 0,
    logPosition:
      (isValid && logPosition !== undefined ? parseLogPosition(logPosition) : undefined) ?? LOG_START,
  };
};

/** Reads the task. Returns undefined if it was deleted while the client followed it. */
const readTask = async (
  context: Context,
  taskId: string,
  isFirst: boolean,
): Promise<TaskRecord | undefined> => {
  try {
    return await findTask(context, taskId);
  } catch (error) {
    if (!isFirst && error instanceof Problem) return undefined;
    throw error;
  }
};

/**
 * Streams the changes of a task and the new lines of its log. Each event is read from the database when it is
 * sent, so nothing is buffered for a slow client.
 */
export async function* followTask(
  context: Context,
  taskId: string,
  { caller, lastEventId, longPoll }: FollowInput,
): FollowStream<"followTask"> {
  const pacer = new StreamPacer(longPoll, context.bus);
  const unsubscribe = await context.bus.subscribe(
    getTaskChannel(taskId.toLowerCase()),
    pacer.wakeSignal.notify,
  );
  const position = parsePosition(lastEventId);
  try {
    for (let isFirst = true; ; isFirst = false) {
      pacer.wakeSignal.reset();
      const record = await readTask(context, taskId, isFirst);
      if (record === undefined) return;
      if (isFirst && !(await canReadTask(caller, record))) throw forbidden("task-read");
      // Log lines are sent before the end of the task, so that a client that stops at the end has received
      // all of them.
      for (;;) {
        const page = await readLogPage(context, record.task.id, {
          after: position.logPosition,
          limit: MAX_LINES,
        });
        if (page.items.length === 0) break;
        position.logPosition = page.items.at(-1) ?? position.logPosition;
        yield { event: "log", data: page, id: formatPosition(position) };
        pacer.markSent();
      }
      if (record.version !== position.version) {
        position.version = record.version;
        yield { event: "task", data: toWireTask(context.settings, record), id: formatPosition(position) };
        pacer.markSent();
      } else if (pacer.isKeepAliveDue) {
        yield "keep-alive";
        pacer.markSent();
      }
      if (!(await pacer.waitForNext())) return;
    }
  } finally {
    unsubscribe();
  }
}
