import { isTerminal, type JsonValue, type TaskUpdate, toCanonicalJson } from "../../../protocol/index.ts";
import { type Caller, canReadTask, forbidden, isSubmitter, isWorkerOwner } from "../../access.ts";
import type { Context } from "../../context.ts";
import { parseSerialized } from "../../raw-json.ts";
import type { TaskRecord } from "../../records.ts";
import { findTask } from "./find-task.ts";
import { handleLostLease } from "./late-results.ts";

export interface UpdateInput {
  readonly taskId: string;
  readonly update: TaskUpdate;
}

/**
 * Reads the task of an update. `isRepeated` is true if the update was already applied: clients
 * repeat an update if they did not receive its response. Throws a 403, a 404, or a 409 if the lease
 * was lost.
 */
export async function authorizeUpdate(
  context: Context,
  caller: Caller,
  { taskId, update }: UpdateInput,
): Promise<{ readonly record: TaskRecord; readonly isRepeated: boolean }> {
  const record = await findTask(context, taskId);
  const owner = await requireReadAccess(context, caller, record, update);
  const isRepeated = isRepeatedUpdate(record, update);
  if (!isRepeated && isLeaseLost(record, update, owner))
    throw await handleLostLease(context, caller, { taskId, update });
  // A repeated update that names a worker was authorized the first time. Its worker may have been
  // removed since.
  if (!isRepeated || update.worker_id === undefined) requireUpdateAccess(caller, record, update);
  return { record, isRepeated };
}

/**
 * Returns the worker's owner. Throws a 403 if the caller cannot read the task or use the worker.
 */
async function requireReadAccess(
  { owners, storage }: Context,
  caller: Caller,
  record: TaskRecord,
  { worker_id }: TaskUpdate,
): Promise<string | undefined> {
  const workerId = worker_id?.toLowerCase();
  const owner = workerId === undefined ? undefined : await owners.getOwnerId(workerId);
  const isOwn = workerId !== undefined && owner === caller.actor.id;
  // The owner of a worker that is linked to the job can read the task even after the lease was
  // lost.
  const canRead =
    (await canReadTask(caller, record)) ||
    (isOwn && (await storage.workers.findJobIds(workerId)).includes(record.jobId));
  if (!canRead) throw forbidden("task-read");
  if (owner !== undefined && !isOwn && !caller.actor.isAdmin) throw forbidden("worker-owner");
  return owner;
}

function isRepeatedUpdate({ task }: TaskRecord, update: TaskUpdate): boolean {
  const isLeaseholder = matchesLease(task, update);
  if (update.status === undefined) return false;
  if (isTerminal(task.status) && isLeaseholder) {
    if (update.status !== task.status) return false;
    // A completion without a result is a repetition. A completion with a different result is not,
    // because its result would be lost.
    return (
      task.status !== "completed" ||
      update.result === undefined ||
      isEqual(update.result, parseSerialized(task.result))
    );
  }
  if (update.status === "failed" && isRecordedFailure(task, update)) return true;
  // A repeated start can be distinguished from a second start only if both worker and attempt are
  // given.
  const isFullyFenced = update.worker_id !== undefined && update.attempt !== undefined;
  return update.status === "running" && task.status === "running" && isFullyFenced && isLeaseholder;
}

/** Returns true if the worker and the attempt of an update, if given, are those of the task. */
function matchesLease(task: TaskRecord["task"], { worker_id, attempt }: TaskUpdate): boolean {
  return (
    (worker_id === undefined || worker_id.toLowerCase() === task.worker_id) &&
    (attempt === undefined || attempt === task.attempt)
  );
}

function isRecordedFailure({ errors }: TaskRecord["task"], update: TaskUpdate): boolean {
  const workerId = update.worker_id?.toLowerCase();
  return errors.some(
    ({ attempt, worker_id }) =>
      attempt === update.attempt && (workerId === undefined || workerId === worker_id),
  );
}

function isEqual(a: JsonValue, b: JsonValue): boolean {
  return toCanonicalJson(a) === toCanonicalJson(b);
}

/** Returns true if the update names a lease that has ended. `owner` is the worker's owner. */
function isLeaseLost(record: TaskRecord, update: TaskUpdate, owner: string | undefined): boolean {
  const { worker_id, attempt, status } = update;
  if (worker_id === undefined && attempt === undefined) return false;
  const isWorkerGone = worker_id !== undefined && owner === undefined;
  const wasEndedByOthers = record.isLeaseRevoked && status !== record.task.status;
  return isWorkerGone || wasEndedByOthers || !matchesLease(record.task, update);
}

function requireUpdateAccess(caller: Caller, record: TaskRecord, { status }: TaskUpdate): void {
  if (caller.actor.isAdmin || isWorkerOwner(caller, record)) return;
  if (status === "cancelled" && isSubmitter(caller, record)) return;
  // The update later fails with the error of an invalid transition, which explains more than a 403.
  const hasNoWorker = record.workerUserId === null && status !== "cancelled";
  if (hasNoWorker || status === "pending" || status === "claimed") return;
  throw forbidden("task-update");
}
