import {
  formatLogPosition,
  getTaskChannel,
  LOG_START,
  type LogPosition,
  Problem,
  parseLogPosition,
} from "../../protocol/index.ts";
import { canReadTask, forbidden } from "../access.ts";
import type { Context } from "../context.ts";
import type { TaskRecord } from "../storage/storage.ts";
import { findTask } from "./await-task.ts";
import { type FollowInput, type FollowStream, StreamPacer } from "./follow.ts";
import { readLogPage } from "./task-logs.ts";
import { toWireTask } from "./wire.ts";

const LINES = 500;

/** What a follower has: the version of the task, and a place in its log; both stand in the id, so that any server can go on. */
interface Seen {
  version: number;
  place: LogPosition;
}

const formatSeen = ({ version, place }: Seen): string =>
  place === LOG_START ? String(version) : `${version}_${formatLogPosition(place)}`;

const parseSeen = (id: string | undefined): Seen => {
  const [version = "", place] = (id ?? "").split("_");
  const isSeen = /^\d{1,15}$/.test(version);
  return {
    version: isSeen ? Number(version) : 0,
    place: (isSeen && place !== undefined ? parseLogPosition(place) : undefined) ?? LOG_START,
  };
};

/** The task as it stands; undefined where it was deleted while it was followed. */
const look = async (context: Context, taskId: string, isFirst: boolean): Promise<TaskRecord | undefined> => {
  try {
    return await findTask(context, taskId);
  } catch (error) {
    if (!isFirst && error instanceof Problem) return undefined;
    throw error;
  }
};

/** A task as it changes and its log as it grows: what is read is what is there, so nothing has to be kept for who is slow. */
export async function* followTask(
  context: Context,
  taskId: string,
  { caller, lastEventId, hold }: FollowInput,
): FollowStream<"followTask"> {
  const pace = new StreamPacer(hold, context.bus);
  const unsubscribe = await context.bus.subscribe(getTaskChannel(taskId.toLowerCase()), pace.bell.notify);
  const seen = parseSeen(lastEventId);
  try {
    for (let isFirst = true; ; isFirst = false) {
      pace.bell.reset();
      const record = await look(context, taskId, isFirst);
      if (record === undefined) return;
      if (isFirst && !(await canReadTask(caller, record))) throw forbidden("task-read");
      // Lines come before the task's end: who stops listening there has them all.
      for (;;) {
        const page = await readLogPage(context, record.task.id, { after: seen.place, limit: LINES });
        if (page.items.length === 0) break;
        seen.place = page.items.at(-1) ?? seen.place;
        yield { event: "log", data: page, id: formatSeen(seen) };
        pace.spoke();
      }
      if (record.version !== seen.version) {
        seen.version = record.version;
        yield { event: "task", data: toWireTask(context.settings, record), id: formatSeen(seen) };
        pace.spoke();
      } else if (pace.mustBeat) {
        yield "beat";
        pace.spoke();
      }
      if (!(await pace.next())) return;
    }
  } finally {
    unsubscribe();
  }
}
