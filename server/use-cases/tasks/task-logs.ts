import {
  formatLogPosition,
  LOG_START,
  type LogPage,
  type LogPosition,
  parseLogPosition,
  type TaskUpdate,
} from "../../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import { publishEvents } from "../events.ts";
import { findTask } from "./await-task.ts";
import { handleLostLease } from "./late-results.ts";
import {
  invalidTransition,
  isLeaseLost,
  isRepeatedUpdate,
  requireReadAccess,
  requireUpdateAccess,
} from "./update-rules.ts";

/**
 * Maximum number of times that lines are appended again after the task changed between the read and the append.
 * After that, the update fails with a 409 that names the current status.
 */
const MAX_TRIES = 3;

/**
 * Stores the log lines of an update, under the same rules as its progress. If a final update is repeated, its
 * lines are ignored, because the first one has stored them.
 */
export const appendTaskLogs = async (
  context: Context,
  caller: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<void> => {
  const { log: lines = [], worker_id } = update;
  for (let tries = 0; lines.length > 0; tries += 1) {
    const record = await findTask(context, taskId);
    const requested = { record, update };
    const owner = await requireReadAccess(context, caller, requested);
    if (isRepeatedUpdate(requested) && record.task.status !== "running") return;
    if (isLeaseLost(requested, owner)) throw await handleLostLease(context, caller, { taskId, update });
    requireUpdateAccess(caller, requested);
    if (record.task.status !== "running" || tries >= MAX_TRIES) throw invalidTransition(record, "running");
    const isStored = await context.storage.taskLogs.append({
      taskId: record.task.id,
      attempt: record.task.attempt,
      ...(worker_id === undefined ? {} : { workerId: worker_id.toLowerCase() }),
      lines,
    });
    if (!isStored) continue;
    publishEvents(context, { value: null, events: [{ kind: "task-logged", taskId: record.task.id }] });
    return;
  }
};

/** Reads up to `limit` log lines after a position. */
export const readLogPage = async (
  { storage }: Pick<Context, "storage">,
  taskId: string,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<LogPage> => {
  const items = [...(await storage.taskLogs.read(taskId, after, limit))];
  const last = items.at(-1) ?? (after === LOG_START ? undefined : after);
  return { items, after: last === undefined ? null : formatLogPosition(last) };
};

/**
 * Returns a page of a task's log to a caller who can read the task. Throws a 403 if the caller cannot, and a
 * 404 if the task does not exist.
 */
export const readTaskLogs = async (
  context: Context,
  caller: Caller,
  {
    taskId,
    after,
    limit,
  }: { readonly taskId: string; readonly after: string | undefined; readonly limit: number },
): Promise<LogPage> => {
  const record = await findTask(context, taskId);
  if (!(await canReadTask(caller, record))) throw forbidden("task-read");
  const position = after === undefined ? undefined : parseLogPosition(after);
  return readLogPage(context, record.task.id, { after: position ?? LOG_START, limit });
};
