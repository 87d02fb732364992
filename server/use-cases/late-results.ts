import { type Adoption, type LateResult, Problem, type Task, type TaskUpdate } from "../../protocol/index.ts";
import { type Caller, forbidden, isSubmitter } from "../access.ts";
import type { Context } from "../context.ts";
import { isUuid } from "../storage/ids.ts";
import type { TaskRecord } from "../storage/storage.ts";
import { taskNotFound } from "./await-task.ts";
import { createTaskChangedEvent, type ResultWithEvents } from "./events.ts";
import { requireResult, validationError } from "./schema-checks.ts";
import { invalidTransition } from "./update-rules.ts";
import { toWireTask } from "./wire.ts";

/** The 409 of a hold that is over; a result that comes with it is kept for the task's submitter. */
export const handleLostLease = async (
  { storage, meter }: Pick<Context, "storage" | "meter">,
  { actor }: Caller,
  { taskId, update }: { readonly taskId: string; readonly update: TaskUpdate },
): Promise<Problem> => {
  const lost = "The task is no longer held by this worker in this attempt.";
  const { status, worker_id: workerId, attempt, result = null } = update;
  if (status !== "completed" || workerId === undefined || attempt === undefined)
    return new Problem("task-lost", lost);
  const isKept = await storage.lateResults.keep({ taskId, workerId, attempt, userId: actor.id, result });
  if (isKept) meter.lateResult("kept");
  const kept = "Its result is kept: who submitted the task may adopt it.";
  return new Problem("task-lost", isKept ? `${lost} ${kept}` : lost);
};

const ownTask = async ({ storage }: Context, caller: Caller, taskId: string): Promise<TaskRecord> => {
  const record = isUuid(taskId) ? await storage.tasks.find(taskId) : undefined;
  if (record === undefined) throw taskNotFound();
  if (!isSubmitter(caller, record) && !caller.actor.isAdmin) throw forbidden("task-submitter");
  return record;
};

/** What is kept beside a task, for its submitter. */
export const listLateResults = async (
  context: Context,
  caller: Caller,
  taskId: string,
): Promise<readonly LateResult[]> => {
  await ownTask(context, caller, taskId);
  return context.storage.lateResults.list(taskId);
};

/** Completes a task with what is kept beside it: whoever holds it now loses it. */
export const adoptLateResult = async (
  context: Context,
  caller: Caller,
  { taskId, attempt }: Adoption & { readonly taskId: string },
): Promise<ResultWithEvents<Task>> => {
  const record = await ownTask(context, caller, taskId);
  if (record.task.status === "completed") throw invalidTransition(record, "completed");
  const late = (await context.storage.lateResults.list(taskId)).find(
    (one) => attempt === undefined || one.attempt === attempt,
  );
  if (late === undefined) {
    throw validationError("There is nothing to adopt.", [
      { pointer: "/attempt", detail: "no late result is kept for it" },
    ]);
  }
  await requireResult(context, record.jobId, { result: late.result, userId: caller.actor.id });
  const adopted = await context.storage.lateResults.adopt({
    taskId,
    attempt: late.attempt,
    workerId: late.worker_id,
  });
  // Somebody else completed it a moment before.
  if (adopted === undefined) throw invalidTransition(await ownTask(context, caller, taskId), "completed");
  context.ended.tell(adopted.record);
  context.meter.lateResult("adopted");
  return {
    value: toWireTask(context.settings, adopted.record),
    events: [createTaskChangedEvent(adopted.record, adopted.previousWorkerId)],
  };
};
