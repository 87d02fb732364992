import {
  getPatchTargets,
  isTerminal,
  type JsonValue,
  Problem,
  type TaskStatus,
  type TaskUpdate,
  toCanonicalJson,
} from "../../../protocol/index.ts";
import { type Caller, canReadTask, forbidden, isSubmitter, isWorkerOwner } from "../../access.ts";
import type { Context } from "../../context.ts";
import { parseSerialized } from "../../raw-json.ts";
import type { TaskRecord } from "../../records.ts";

/** A requested update of a task, and the task as it is stored. */
export interface RequestedUpdate {
  readonly record: TaskRecord;
  readonly update: TaskUpdate;
}

const isEqual = (a: JsonValue, b: JsonValue) => toCanonicalJson(a) === toCanonicalJson(b);

const isFenced = ({ worker_id, attempt }: TaskUpdate) => worker_id !== undefined || attempt !== undefined;

/**
 * Returns true if the update's worker and attempt are those of the task. If the update does not name a worker
 * or an attempt, that part is not compared.
 */
const matchesLease = ({ record: { task }, update }: RequestedUpdate): boolean =>
  (update.worker_id === undefined || update.worker_id.toLowerCase() === task.worker_id) &&
  (update.attempt === undefined || update.attempt === task.attempt);

const isRecordedFailure = ({ record: { task }, update }: RequestedUpdate): boolean =>
  task.errors.some(
    ({ attempt, worker_id }) =>
      attempt === update.attempt &&
      (update.worker_id === undefined || update.worker_id.toLowerCase() === worker_id),
  );

/**
 * Returns true if the update was already applied. Clients repeat an update if they did not receive its
 * response.
 */
export const isRepeatedUpdate = (requested: RequestedUpdate): boolean => {
  const { record, update } = requested;
  const { task } = record;
  if (update.status === undefined) return false;
  if (isTerminal(task.status) && matchesLease(requested)) {
    if (update.status !== task.status) return false;
    // A completion without a result is a repetition. One with a different result is not: its result would be lost.
    return (
      task.status !== "completed" ||
      update.result === undefined ||
      isEqual(update.result, parseSerialized(task.result))
    );
  }
  if (update.status === "failed" && isRecordedFailure(requested)) return true;
  // A repeated start can be distinguished from a second start only if both worker and attempt are given.
  const isFullyFenced = update.worker_id !== undefined && update.attempt !== undefined;
  return update.status === "running" && task.status === "running" && isFullyFenced && matchesLease(requested);
};

/**
 * Returns true if the worker is linked to the job of the task. The worker's owner can then read the task even
 * after the lease was lost.
 */
const isLinkedToJob = async ({ storage }: Context, { record, update }: RequestedUpdate): Promise<boolean> =>
  update.worker_id !== undefined &&
  (await storage.workers.findJobIds(update.worker_id.toLowerCase())).includes(record.jobId);

/**
 * Throws a 403 if the caller cannot read the task, or if the worker belongs to another user. Returns the
 * owner of the worker, or undefined if the update names no worker or the worker does not exist.
 */
export const requireReadAccess = async (
  context: Context,
  caller: Caller,
  requested: RequestedUpdate,
): Promise<string | undefined> => {
  const { worker_id } = requested.update;
  const owner =
    worker_id === undefined ? undefined : await context.owners.getOwnerId(worker_id.toLowerCase());
  const isOwn = owner === caller.actor.id;
  const canRead =
    (await canReadTask(caller, requested.record)) || (isOwn && (await isLinkedToJob(context, requested)));
  if (!canRead) throw forbidden("task-read");
  if (owner !== undefined && !isOwn && !caller.actor.isAdmin) throw forbidden("worker-owner");
  return owner;
};

/**
 * Returns true if the update is fenced by a lease that has ended. `owner` is the owner of the worker, if it exists.
 */
export const isLeaseLost = (requested: RequestedUpdate, owner: string | undefined): boolean => {
  const { record, update } = requested;
  if (!isFenced(update)) return false;
  const isWorkerGone = update.worker_id !== undefined && owner === undefined;
  const wasEndedByOthers = record.isLeaseRevoked && update.status !== record.task.status;
  return isWorkerGone || wasEndedByOthers || !matchesLease(requested);
};

/** Throws a 403 if the caller is not allowed to make the update. */
export const requireUpdateAccess = (caller: Caller, { record, update }: RequestedUpdate): void => {
  if (caller.actor.isAdmin || isWorkerOwner(caller, record)) return;
  if (update.status === "cancelled" && isSubmitter(caller, record)) return;
  // If the task has no worker, or the requested status is `pending` or `claimed`, the update later fails with
  // an invalid transition. That error explains more than a 403.
  const hasNoWorker = record.workerUserId === null && update.status !== "cancelled";
  if (hasNoWorker || update.status === "pending" || update.status === "claimed") return;
  throw forbidden("task-update");
};

/** Creates the 409 for an update that the current status of the task does not allow. */
export const invalidTransition = ({ task }: TaskRecord, to: TaskStatus): Problem => {
  const allowed = getPatchTargets(task.status);
  const explanation =
    allowed.length === 0
      ? `The task has ended (${task.status}) and cannot become ${to}.`
      : `The task is ${task.status} and cannot become ${to}. Allowed: ${allowed.join(", ")}.`;
  return new Problem("invalid-task-transition", explanation, { from: task.status, to, allowed });
};
