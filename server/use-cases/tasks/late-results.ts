import { type Adoption, type LateResult, Problem, type TaskUpdate } from "../../../protocol/index.ts";
import { type Caller, forbidden, isSubmitter } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";
import { isUuid } from "../../storage/ids.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { createTaskChangedEvent, type ResultWithEvents } from "../events.ts";
import { requireResult, validationError } from "../jobs/schema-checks.ts";
import { taskNotFound } from "./await-task.ts";
import { invalidTransition } from "./update-rules.ts";

/**
 * Returns the 409 for an update whose lease was lost. If the update is a completion, its result is stored as a
 * late result of the task.
 */
export const handleLostLease = async (
  { storage, meter }: Pick<Context, "storage" | "meter">,
  { actor }: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<Problem> => {
  const lost = "This worker no longer has the lease on the task. Stop running it.";
  const { status, worker_id: workerId, attempt, result = null } = update;
  if (status !== "completed" || workerId === undefined || attempt === undefined)
    return new Problem("task-lost", lost);
  const isStored = await storage.lateResults.store({ taskId, workerId, attempt, userId: actor.id, result });
  if (isStored) meter.lateResult("stored");
  const stored = "The result is stored as a late result, which the submitter of the task can adopt.";
  return new Problem("task-lost", isStored ? `${lost} ${stored}` : lost);
};

const findSubmittedTask = async (
  { storage }: Context,
  caller: Caller,
  taskId: string,
): Promise<TaskRecord> => {
  const record = isUuid(taskId) ? await storage.tasks.find(taskId) : undefined;
  if (record === undefined) throw taskNotFound();
  if (!isSubmitter(caller, record) && !caller.actor.isAdmin) throw forbidden("task-submitter");
  return record;
};

/** Lists the late results of a task for its submitter or an admin. */
export const listLateResults = async (
  context: Context,
  caller: Caller,
  taskId: string,
): Promise<readonly LateResult[]> => {
  await findSubmittedTask(context, caller, taskId);
  return context.storage.lateResults.list(taskId);
};

/** Completes a task with one of its late results. A worker that has the lease of the task loses it. */
export const adoptLateResult = async (
  context: Context,
  caller: Caller,
  { taskId, attempt }: Adoption & { readonly taskId: string },
): Promise<ResultWithEvents<WireTask>> => {
  const record = await findSubmittedTask(context, caller, taskId);
  if (record.task.status === "completed") throw invalidTransition(record, "completed");
  const lateResult = (await context.storage.lateResults.list(taskId)).find(
    (one) => attempt === undefined || one.attempt === attempt,
  );
  if (lateResult === undefined) {
    throw validationError("The task has no late result to adopt.", [
      { pointer: "/attempt", detail: "no late result of this attempt is stored" },
    ]);
  }
  await requireResult(context, record.jobId, { result: lateResult.result, userId: caller.actor.id });
  const adopted = await context.storage.lateResults.adopt({
    taskId,
    attempt: lateResult.attempt,
    workerId: lateResult.worker_id,
  });
  // Another request completed the task after it was read.
  if (adopted === undefined)
    throw invalidTransition(await findSubmittedTask(context, caller, taskId), "completed");
  context.taskEnds.emit(adopted.record);
  context.meter.lateResult("adopted");
  return {
    value: toWireTask(context.settings, adopted.record),
    events: [createTaskChangedEvent(adopted.record, adopted.previousWorkerId)],
  };
};
