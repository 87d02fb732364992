import { type Adoption, type LateResult, Problem, type TaskUpdate } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { createTaskChangedEvent, emitTaskEnd, publish } from "../events.ts";
import { attachResultFiles } from "../files/attach-files.ts";
import { requireResult, validationError } from "../jobs/schema-checks.ts";
import { findSubmittedTask, invalidTransition } from "./find-task.ts";

/** Returns the 409 for an update without a lease. Stores a completion as a late result. */
export async function handleLostLease(
  { storage, meter }: Context,
  { actor }: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<Problem> {
  const lost = "This worker no longer has the lease on the task. Stop running it.";
  const { status, worker_id: workerId, attempt, result = null } = update;
  if (status !== "completed" || workerId === undefined || attempt === undefined)
    return new Problem("task-lost", lost);
  const isStored = await storage.lateResults.store({ taskId, workerId, attempt, userId: actor.id, result });
  if (isStored) meter.lateResult("stored");
  const stored =
    "The result is stored as a late result. The submitter of the task can adopt it to complete the task.";
  return new Problem("task-lost", isStored ? `${lost} ${stored}` : lost);
}

/** Lists the late results of a task for its submitter or an admin. */
export async function listLateResults(
  context: Context,
  caller: Caller,
  taskId: string,
): Promise<readonly LateResult[]> {
  await findSubmittedTask(context, caller, taskId);
  return context.storage.lateResults.list(taskId);
}

/** Completes a task with one of its late results. A current leaseholder loses the lease. */
export async function adoptLateResult(
  context: Context,
  caller: Caller,
  { taskId, attempt }: Adoption & { readonly taskId: string },
): Promise<WireTask> {
  const { storage, meter, settings } = context;
  const record = await findSubmittedTask(context, caller, taskId);
  if (record.task.status === "completed") throw alreadyCompleted(record);
  const lateResults = await storage.lateResults.list(taskId);
  const lateResult = lateResults.find((one) => attempt === undefined || one.attempt === attempt);
  if (lateResult === undefined) {
    if (attempt === undefined) throw validationError("The task has no late result to adopt.", []);
    throw validationError(`The task has no late result of attempt ${attempt}.`, [
      { pointer: "/attempt", detail: "no late result of this attempt is stored" },
    ]);
  }
  await requireResult(context, record.jobId, lateResult.result, caller.actor.id);
  await attachResultFiles(context, record, lateResult.result);
  const { attempt: adoptedAttempt, worker_id: workerId } = lateResult;
  const adopted = await storage.lateResults.adopt({ taskId, attempt: adoptedAttempt, workerId });
  // Another request completed the task after it was read.
  if (adopted === undefined) throw alreadyCompleted(await findSubmittedTask(context, caller, taskId));
  emitTaskEnd(context, adopted.record);
  meter.lateResult("adopted");
  publish(context, [createTaskChangedEvent(adopted.record, adopted.previousWorkerId)]);
  return toWireTask(settings, adopted.record);
}

function alreadyCompleted(record: TaskRecord): Problem {
  const detail = "The task is already completed, so no late result can be adopted.";
  return invalidTransition(record, "completed", detail);
}
