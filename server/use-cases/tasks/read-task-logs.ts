import {
  formatLogPosition,
  LOG_START,
  type LogPage,
  type LogPosition,
  parseLogPosition,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { findReadableTask } from "./find-task.ts";

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

/** Reads up to `limit` log lines after a position. */
export async function readLogPage(
  { storage }: Context,
  taskId: string,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<LogPage> {
  const items = [...(await storage.taskLogs.read(taskId, after, limit))];
  const last = items.at(-1) ?? (after === LOG_START ? undefined : after);
  return { items, after: last === undefined ? null : formatLogPosition(last) };
}
