import {
  getPatchTargets,
  isPatchable,
  type PatchableStatus,
  Problem,
  type TaskUpdate,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord, Transition } from "../../records.ts";
import { isUuid } from "../../storage/ids.ts";
import { catchUnknownOutcome } from "../../storage/sessions/storage-errors.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { createRequeueEvents, createTaskChangedEvent, type ResultWithEvents } from "../events.ts";
import { requireResult, validationError } from "../jobs/schema-checks.ts";
import { findTask, taskNotFound } from "./await-task.ts";
import { handleLostLease } from "./late-results.ts";
import { appendTaskLogs } from "./task-logs.ts";
import {
  invalidTransition,
  isLeaseLost,
  isRepeatedUpdate,
  requireReadAccess,
  requireUpdateAccess,
} from "./update-rules.ts";

/** Maximum number of times that an update is tried if the task changes between the read and the update. */
const MAX_TRIES = 5;

type Guard = Pick<Transition, "id" | "attempt" | "workerId">;

/**
 * Returns conditions that the row matches only if it is still as it was read, so that the access checks are
 * still valid.
 */
const createGuard = (record: TaskRecord, { worker_id }: TaskUpdate): Guard => ({
  id: record.task.id,
  attempt: record.task.attempt,
  ...(worker_id === undefined ? {} : { workerId: worker_id.toLowerCase() }),
});

const toTransition = (guard: Guard, update: TaskUpdate, to: PatchableStatus): Transition => ({
  ...guard,
  to,
  ...(update.error === undefined ? {} : { error: update.error }),
  ...(update.result === undefined ? {} : { result: update.result }),
  ...(update.progress === undefined ? {} : { progress: update.progress }),
});

/**
 * Creates the events of an update. They wake the waiting heartbeat of the task's worker, unless the worker
 * itself sent the update. A cancel always wakes it.
 */
const createUpdateEvents = (before: TaskRecord, after: TaskRecord, update: TaskUpdate) => {
  if (after.task.status === "pending") return createRequeueEvents([after]);
  const isOwnUpdate = update.worker_id !== undefined && update.status !== "cancelled";
  return [createTaskChangedEvent(after, isOwnUpdate ? null : before.task.worker_id)];
};

/** Creates the events of a changed task. If it is pending again, they also wake waiting claims. */
const createTaskEvents = (record: TaskRecord) =>
  record.task.status === "pending" ? createRequeueEvents([record]) : [createTaskChangedEvent(record)];

/**
 * Notifies requests of this process that wait for the end of the task, and records the transition in the
 * metrics.
 */
const recordTransition = ({ taskEnds, meter }: Context, after: TaskRecord): void => {
  taskEnds.emit(after);
  meter.transitioned([after], "reported");
};

const applyUpdate = async (
  context: Context,
  before: TaskRecord,
  update: TaskUpdate,
): Promise<ResultWithEvents<WireTask> | undefined> => {
  const { storage, settings } = context;
  const { status } = update;
  if (status === undefined) {
    if (update.progress === undefined) {
      throw validationError("The update is empty.", [
        { pointer: "/status", detail: "status, progress or log is required" },
      ]);
    }
    if (before.task.status !== "running") throw invalidTransition(before, "running");
    const after = await storage.queue.reportProgress({
      ...createGuard(before, update),
      progress: update.progress,
    });
    return after && { value: toWireTask(settings, after), events: [createTaskChangedEvent(after)] };
  }
  if (!isPatchable(status) || !getPatchTargets(before.task.status).includes(status)) {
    throw invalidTransition(before, status);
  }
  if (status === "completed") {
    const userId = before.workerUserId ?? "";
    await requireResult(context, before.jobId, { result: update.result ?? null, userId });
  }
  const after = await storage.queue.transition(toTransition(createGuard(before, update), update, status));
  if (after === undefined) return undefined;
  recordTransition(context, after);
  return { value: toWireTask(settings, after), events: createUpdateEvents(before, after, update) };
};

/**
 * Applies an update of a task by its own worker without reading the task first. This is safe, because all
 * checks of `updateTask` pass if the row has the caller's worker and this attempt, and if the status allows
 * the transition. Returns undefined if the row did not match, for any reason.
 */
const applyOwnUpdate = async (
  context: Context,
  caller: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<ResultWithEvents<WireTask> | undefined> => {
  const { status, worker_id, attempt } = update;
  if (status === undefined || !isPatchable(status) || status === "cancelled") return undefined;
  if (worker_id === undefined || attempt === undefined || !isUuid(taskId)) return undefined;
  const workerId = worker_id.toLowerCase();
  if ((await context.owners.getOwnerId(workerId)) !== caller.actor.id) return undefined;
  const after = await context.storage.queue.transition({
    ...toTransition({ id: taskId, workerId, attempt }, update, status),
    isResultUnchecked: true,
  });
  if (after === undefined) return undefined;
  recordTransition(context, after);
  const events = createTaskEvents(after);
  return { value: toWireTask(context.settings, after), events };
};

/** Changes the status of a task, or reports its progress or log lines. Throws a 403, 404, 409 or 422. */
export const updateTask = async (
  context: Context,
  caller: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<ResultWithEvents<WireTask>> => {
  if (update.log !== undefined && update.log.length > 0) {
    await appendTaskLogs(context, caller, { taskId, update });
    if (update.status === undefined && update.progress === undefined) {
      return { value: toWireTask(context.settings, await findTask(context, taskId)), events: [] };
    }
  }
  // If the connection was lost before the response, the task is read to find out whether the update was
  // applied.
  const applied = await catchUnknownOutcome(applyOwnUpdate(context, caller, { taskId, update }));
  if (applied !== undefined) return applied;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const record = isUuid(taskId) ? await context.storage.tasks.find(taskId) : undefined;
    if (record === undefined) throw taskNotFound();
    const requested = { record, update };
    const owner = await requireReadAccess(context, caller, requested);
    if (isRepeatedUpdate(requested)) {
      // An update that names a worker was authorized when it was first applied. The worker may be gone since
      // then.
      if (update.worker_id === undefined) requireUpdateAccess(caller, requested);
      context.taskEnds.emit(record);
      // The events are published again, because those of the first update may have been lost together with
      // its response.
      return { value: toWireTask(context.settings, record), events: createTaskEvents(record) };
    }
    if (isLeaseLost(requested, owner)) throw await handleLostLease(context, caller, { taskId, update });
    requireUpdateAccess(caller, requested);
    const updating = applyUpdate(context, record, update);
    const result = await (tries === 0 ? catchUnknownOutcome(updating) : updating);
    if (result !== undefined) return result;
    // The task changed between the read and the update, or its worker was removed, so everything is read
    // again.
    if (update.worker_id !== undefined) context.owners.forget(update.worker_id.toLowerCase());
  }
  throw new Problem(
    "service-unavailable",
    "The task is changed by other requests at the same time. Try again.",
    { retryAfter: 1 },
  );
};
