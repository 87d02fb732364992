import {
  getPatchTargets,
  isPatchable,
  type PatchableStatus,
  Problem,
  type Task,
  type TaskUpdate,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { isUuid } from "../storage/ids.ts";
import type { TaskRecord, Transition } from "../storage/storage.ts";
import { catchUnknownOutcome } from "../storage/storage-unavailable.ts";
import { findTask, taskNotFound } from "./await-task.ts";
import { createRequeueEvents, createTaskChangedEvent, type ResultWithEvents } from "./events.ts";
import { handleLostLease } from "./late-results.ts";
import { requireResult, validationError } from "./schema-checks.ts";
import { appendTaskLogs } from "./task-logs.ts";
import {
  invalidTransition,
  isLeaseLost,
  isRepeatedUpdate,
  requireReadAccess,
  requireUpdateAccess,
} from "./update-rules.ts";
import { toWireTask } from "./wire.ts";

/** How often a task may change under an update before the caller is told to come again. */
const MAX_TRIES = 5;

type Guard = Pick<Transition, "id" | "attempt" | "workerId">;

/** Names the row as it was read: what was allowed then is done only if it is still so. */
const guardOf = (record: TaskRecord, { worker_id }: TaskUpdate): Guard => ({
  id: record.task.id,
  attempt: record.task.attempt,
  ...(worker_id === undefined ? {} : { workerId: worker_id.toLowerCase() }),
});

const stepOf = (guard: Guard, update: TaskUpdate, to: PatchableStatus): Transition => ({
  ...guard,
  to,
  ...(update.error === undefined ? {} : { error: update.error }),
  ...(update.result === undefined ? {} : { result: update.result }),
  ...(update.progress === undefined ? {} : { progress: update.progress }),
});

/** Its worker is told of what it did not do itself; nothing wakes a waiting heartbeat for its own steps. */
const eventsOf = (before: TaskRecord, after: TaskRecord, update: TaskUpdate) => {
  if (after.task.status === "pending") return createRequeueEvents([after]);
  const isOwnStep = update.worker_id !== undefined && update.status !== "cancelled";
  return [createTaskChangedEvent(after, isOwnStep ? null : before.task.worker_id)];
};

const eventsAgain = (record: TaskRecord) =>
  record.task.status === "pending" ? createRequeueEvents([record]) : [createTaskChangedEvent(record)];

/** Who waits for it here is handed it, and it is counted. */
const tell = ({ ended, meter }: Context, after: TaskRecord): void => {
  ended.tell(after);
  meter.transitioned([after], "reported");
};

const move = async (
  context: Context,
  before: TaskRecord,
  update: TaskUpdate,
): Promise<ResultWithEvents<Task> | undefined> => {
  const { storage, settings } = context;
  const { status } = update;
  if (status === undefined) {
    if (update.progress === undefined) {
      throw validationError("There is nothing to update.", [
        { pointer: "/status", detail: "status, progress or log is needed" },
      ]);
    }
    if (before.task.status !== "running") throw invalidTransition(before, "running");
    const after = await storage.tasks.report({ ...guardOf(before, update), progress: update.progress });
    return after && { value: toWireTask(settings, after), events: [createTaskChangedEvent(after)] };
  }
  if (!isPatchable(status) || !getPatchTargets(before.task.status).includes(status)) {
    throw invalidTransition(before, status);
  }
  if (status === "completed") {
    const userId = before.workerUserId ?? "";
    await requireResult(context, before.jobId, { result: update.result ?? null, userId });
  }
  const after = await storage.tasks.transition(stepOf(guardOf(before, update), update, status));
  if (after === undefined) return undefined;
  tell(context, after);
  return { value: toWireTask(settings, after), events: eventsOf(before, after, update) };
};

/**
 * The step of a worker's own task, without reading it first: where the row names the caller's worker in this attempt
 * and the status leads there, every check below would pass. Undefined where it did not hold, for whatever reason.
 */
const moveOwn = async (
  context: Context,
  caller: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<ResultWithEvents<Task> | undefined> => {
  const { status, worker_id, attempt } = update;
  if (status === undefined || !isPatchable(status) || status === "cancelled") return undefined;
  if (worker_id === undefined || attempt === undefined || !isUuid(taskId)) return undefined;
  const workerId = worker_id.toLowerCase();
  if ((await context.owners.of(workerId)) !== caller.actor.id) return undefined;
  const after = await context.storage.tasks.transition({
    ...stepOf({ id: taskId, workerId, attempt }, update, status),
    isResultUnchecked: true,
  });
  if (after === undefined) return undefined;
  tell(context, after);
  const events =
    after.task.status === "pending" ? createRequeueEvents([after]) : [createTaskChangedEvent(after)];
  return { value: toWireTask(context.settings, after), events };
};

/** Moves a task along its life, or reports how far it is, for whoever may. */
export const updateTask = async (
  context: Context,
  caller: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<ResultWithEvents<Task>> => {
  if (update.log !== undefined && update.log.length > 0) {
    await appendTaskLogs(context, caller, { taskId, update });
    if (update.status === undefined && update.progress === undefined) {
      return { value: toWireTask(context.settings, await findTask(context, taskId)), events: [] };
    }
  }
  // Where the database's answer is lost, the task itself says whether the step was taken.
  const own = await catchUnknownOutcome(moveOwn(context, caller, { taskId, update }));
  if (own !== undefined) return own;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const record = isUuid(taskId) ? await context.storage.tasks.find(taskId) : undefined;
    if (record === undefined) throw taskNotFound();
    const attempted = { record, update };
    const owner = await requireReadAccess(context, caller, attempted);
    if (isRepeatedUpdate(attempted)) {
      // A worker's word is known by its name, though the worker may be gone; any other needs its right also now.
      if (update.worker_id === undefined) requireUpdateAccess(caller, attempted);
      context.ended.tell(record);
      // Told again: the first time may have been lost with its answer.
      return { value: toWireTask(context.settings, record), events: eventsAgain(record) };
    }
    if (isLeaseLost(attempted, owner)) throw await handleLostLease(context, caller, { taskId, update });
    requireUpdateAccess(caller, attempted);
    const moving = move(context, record, update);
    const moved = await (tries === 0 ? catchUnknownOutcome(moving) : moving);
    if (moved !== undefined) return moved;
    // It changed between the read and the step, or its worker was removed: look again.
    if (update.worker_id !== undefined) context.owners.forget(update.worker_id.toLowerCase());
  }
  throw new Problem("service-unavailable", "The task keeps changing; try again.", { retryAfter: 1 });
};
