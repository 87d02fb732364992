import {
  getPatchTargets,
  isTerminal,
  type JsonValue,
  Problem,
  type TaskStatus,
  type TaskUpdate,
  toCanonicalJson,
} from "../../protocol/index.ts";
import { type Caller, canReadTask, forbidden, isSubmitter, isWorkerOwner } from "../access.ts";
import type { Context } from "../context.ts";
import type { TaskRecord } from "../storage/storage.ts";

/** A PATCH of a task, and the task as it stands. */
export interface RequestedUpdate {
  readonly record: TaskRecord;
  readonly update: TaskUpdate;
}

const same = (a: JsonValue, b: JsonValue) => toCanonicalJson(a) === toCanonicalJson(b);

const isFenced = ({ worker_id, attempt }: TaskUpdate) => worker_id !== undefined || attempt !== undefined;

/** The worker and the attempt that the caller names are those of the task. */
const isItsHold = ({ record: { task }, update }: RequestedUpdate): boolean =>
  (update.worker_id === undefined || update.worker_id.toLowerCase() === task.worker_id) &&
  (update.attempt === undefined || update.attempt === task.attempt);

const isRecordedFailure = ({ record: { task }, update }: RequestedUpdate): boolean =>
  task.errors.some(
    ({ attempt, worker_id }) =>
      attempt === update.attempt &&
      (update.worker_id === undefined || update.worker_id.toLowerCase() === worker_id),
  );

/** True for a PATCH that says what has happened already: a retry after a lost answer. */
export const isRepeatedUpdate = (attempted: RequestedUpdate): boolean => {
  const { record, update } = attempted;
  const { task } = record;
  if (update.status === undefined) return false;
  if (isTerminal(task.status) && isItsHold(attempted)) {
    if (update.status !== task.status) return false;
    // What a second completion leaves out it does not deny; another result it would lose.
    return task.status !== "completed" || update.result === undefined || same(update.result, task.result);
  }
  if (update.status === "failed" && isRecordedFailure(attempted)) return true;
  // A start is fenced in full before it can be told from a second one.
  const isNamed = update.worker_id !== undefined && update.attempt !== undefined;
  return update.status === "running" && task.status === "running" && isNamed && isItsHold(attempted);
};

/** A worker that is linked to the job is trusted with its tasks, the one included that it held until just now. */
const ownsLinkedWorker = async (
  { storage }: Context,
  { record, update }: RequestedUpdate,
): Promise<boolean> =>
  update.worker_id !== undefined &&
  (await storage.workers.jobIds(update.worker_id.toLowerCase())).includes(record.jobId);

/** 403 for who may not see the task, and for another's worker; the owner of the named worker, where it is there. */
export const requireReadAccess = async (
  context: Context,
  caller: Caller,
  attempted: RequestedUpdate,
): Promise<string | undefined> => {
  const { worker_id } = attempted.update;
  const owner = worker_id === undefined ? undefined : await context.owners.of(worker_id.toLowerCase());
  const isOwn = owner === caller.actor.id;
  const maySee =
    (await canReadTask(caller, attempted.record)) || (isOwn && (await ownsLinkedWorker(context, attempted)));
  if (!maySee) throw forbidden("task-read");
  if (owner !== undefined && !isOwn && !caller.actor.isAdmin) throw forbidden("worker-owner");
  return owner;
};

/** True where the caller's hold on the task is over. */
export const isLeaseLost = (attempted: RequestedUpdate, owner: string | undefined): boolean => {
  const { record, update } = attempted;
  if (!isFenced(update)) return false;
  const isGone = update.worker_id !== undefined && owner === undefined;
  const isTaken = record.isLeaseRevoked && update.status !== record.task.status;
  return isGone || isTaken || !isItsHold(attempted);
};

/** 403 for a step that is not the caller's to take. */
export const requireUpdateAccess = (caller: Caller, { record, update }: RequestedUpdate): void => {
  if (caller.actor.isAdmin || isWorkerOwner(caller, record)) return;
  if (update.status === "cancelled" && isSubmitter(caller, record)) return;
  // Where no worker has it, and for a step that no PATCH can take, the transition says more than a 403.
  const isNobodys = record.workerUserId === null && update.status !== "cancelled";
  if (isNobodys || update.status === "pending" || update.status === "claimed") return;
  throw forbidden("task-update");
};

/** The 409 of a step that cannot be taken from where the task stands. */
export const invalidTransition = ({ task }: TaskRecord, to: TaskStatus): Problem => {
  const allowed = getPatchTargets(task.status);
  const why =
    allowed.length === 0
      ? `it has ended, and cannot become ${to}`
      : `${allowed.join(", ")} can follow, not ${to}`;
  return new Problem("invalid-task-transition", `The task is ${task.status}: ${why}.`, {
    from: task.status,
    to,
    allowed,
  });
};
