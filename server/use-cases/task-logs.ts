import {
  formatLogPosition,
  LOG_START,
  type LogPage,
  type LogPosition,
  parseLogPosition,
  type TaskUpdate,
} from "../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../access.ts";
import type { Context } from "../context.ts";
import { findTask } from "./await-task.ts";
import { publishEvents } from "./events.ts";
import { handleLostLease } from "./late-results.ts";
import {
  invalidTransition,
  isLeaseLost,
  isRepeatedUpdate,
  requireReadAccess,
  requireUpdateAccess,
} from "./update-rules.ts";

/** How often a task may change under its lines before what it is now is told. */
const MAX_TRIES = 3;

/** Keeps the lines that come with an update, by the same rules as its progress; what repeats an end has brought them before. */
export const appendTaskLogs = async (
  context: Context,
  caller: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<void> => {
  const { log: lines = [], worker_id } = update;
  for (let tries = 0; lines.length > 0; tries += 1) {
    const record = await findTask(context, taskId);
    const attempted = { record, update };
    const owner = await requireReadAccess(context, caller, attempted);
    if (isRepeatedUpdate(attempted) && record.task.status !== "running") return;
    if (isLeaseLost(attempted, owner)) throw await handleLostLease(context, caller, { taskId, update });
    requireUpdateAccess(caller, attempted);
    if (record.task.status !== "running" || tries >= MAX_TRIES) throw invalidTransition(record, "running");
    const isKept = await context.storage.taskLogs.append({
      taskId: record.task.id,
      attempt: record.task.attempt,
      ...(worker_id === undefined ? {} : { workerId: worker_id.toLowerCase() }),
      lines,
    });
    if (!isKept) continue;
    publishEvents(context, { value: null, events: [{ kind: "task-logged", taskId: record.task.id }] });
    return;
  }
};

/** A part of a log, from behind a place. */
export const readLogPage = async (
  { storage }: Pick<Context, "storage">,
  taskId: string,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<LogPage> => {
  const items = [...(await storage.taskLogs.read(taskId, after, limit))];
  const last = items.at(-1) ?? (after === LOG_START ? undefined : after);
  return { items, after: last === undefined ? null : formatLogPosition(last) };
};

/** A task's log, for whoever may see the task. */
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
  const place = after === undefined ? undefined : parseLogPosition(after);
  return readLogPage(context, record.task.id, { after: place ?? LOG_START, limit });
};
