import {
  formatLogPosition,
  getTaskChannel,
  LOG_START,
  type LogPage,
  type LogPosition,
  Problem,
  parseLogPosition,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { WakeSignal } from "../../state/long-poll.ts";
import { toWireTask } from "../../wire.ts";
import { type FollowEvent, type FollowInput, streamEvents } from "../follow.ts";
import { findReadableTask, findTask, requireRead } from "./find-task.ts";

/** Maximum number of log lines in one event. */
const MAX_LINES = 500;

/**
 * The version of the task and the log lines that the client has received. Event ids contain this
 * position, so any server can resume the stream.
 */
interface StreamPosition {
  version: number;
  logPosition: LogPosition;
}

/**
 * Streams the changes of a task and its log. Reads the data of an event only when it is sent, so
 * that nothing is buffered for a slow client.
 */
export async function* followTask(
  context: Context,
  taskId: string,
  { caller, lastEventId, longPoll }: FollowInput,
): AsyncGenerator<FollowEvent<"followTask"> | "keep-alive", void> {
  const { bus, settings } = context;
  const position = parsePosition(lastEventId);
  let isFirst = true;

  async function* readEvents(): AsyncGenerator<FollowEvent<"followTask">> {
    const record = await findTask(context, taskId, { queuePosition: true });
    if (isFirst) await requireRead(caller, record);
    isFirst = false;
    // Log lines are sent first, so that a client that stops at the end of the task has received all
    // of them.
    for (;;) {
      const { logPosition } = position;
      const page = await readLogPage(context, record.task.id, { after: logPosition, limit: MAX_LINES });
      if (page.items.length === 0) break;
      position.logPosition = page.items.at(-1) ?? logPosition;
      yield { event: "log", data: page, id: formatPosition(position) };
    }
    if (record.version === position.version) return;
    position.version = record.version;
    yield { event: "task", data: toWireTask(settings, record), id: formatPosition(position) };
  }

  const wakeSignal = new WakeSignal();
  const unsubscribe = await bus.subscribe(getTaskChannel(taskId.toLowerCase()), wakeSignal.notify);
  try {
    yield* streamEvents(readEvents, wakeSignal, { bus, longPoll });
  } catch (error) {
    // The stream ends if the task is deleted while the client follows it.
    if (isFirst || !(error instanceof Problem)) throw error;
  } finally {
    unsubscribe();
  }
}

function formatPosition({ version, logPosition }: StreamPosition): string {
  return logPosition === LOG_START ? String(version) : `${version}_${formatLogPosition(logPosition)}`;
}

function parsePosition(id: string | undefined): StreamPosition {
  const [version = "", logPosition = ""] = (id ?? "").split("_");
  if (!/^\d{1,15}$/.test(version)) return { version: 0, logPosition: LOG_START };
  return { version: Number(version), logPosition: parseLogPosition(logPosition) ?? LOG_START };
}

/** Returns a page of a task's log to a caller who can read the task. */
export async function readTaskLogs(
  context: Context,
  caller: Caller,
  taskId: string,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<LogPage> {
  const record = await findReadableTask(context, caller, taskId);
  const position = after === undefined ? undefined : parseLogPosition(after);
  return readLogPage(context, record.task.id, { after: position ?? LOG_START, limit });
}

async function readLogPage(
  { storage }: Context,
  taskId: string,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<LogPage> {
  const items = [...(await storage.taskLogs.read(taskId, after, limit))];
  const last = items.at(-1) ?? (after === LOG_START ? undefined : after);
  return { items, after: last === undefined ? null : formatLogPosition(last) };
}
