import { getPatchTargets, isPatchable, type TaskUpdate } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord, Transition } from "../../records.ts";
import { isUuid } from "../../storage/ids.ts";
import { catchUnknownOutcome } from "../../storage/sessions/storage-errors.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { createRequeueEvents, createTaskChangedEvent, emitTaskEnd, publish } from "../events.ts";
import { attachResultFiles } from "../files/attach-files.ts";
import { requireResult, validationError } from "../jobs/schema-checks.ts";
import { appendOutput } from "./append-output.ts";
import { findTask, invalidTransition, tooManyChanges } from "./find-task.ts";
import { authorizeUpdate, type UpdateInput } from "./update-rules.ts";

/** Maximum number of tries if the task changes between the read and the update. */
const MAX_TRIES = 5;
/** Maximum number of times that lines or parts are appended again after the task changed. */
const MAX_APPEND_TRIES = 3;

/** Changes the status, progress, log or output of a task. Throws a 4xx problem. */
export async function updateTask(context: Context, caller: Caller, input: UpdateInput): Promise<WireTask> {
  const { settings } = context;
  const { status, progress, log = [], output } = input.update;
  if (log.length > 0 || output !== undefined) {
    await append(context, caller, input);
    if (status === undefined && progress === undefined)
      return toWireTask(settings, await findTask(context, input.taskId, { queuePosition: true }));
  }
  // If the database connection was lost before the response, reading the task shows whether the
  // update was applied.
  const after =
    (await catchUnknownOutcome(applyOwnUpdate(context, caller, input))) ??
    (await applyAuthorizedUpdate(context, caller, input));
  return toWireTask(settings, after);
}

/**
 * Applies an update by the worker that has the lease, without reading the task first. This is safe:
 * all checks of `applyAuthorizedUpdate` pass if the row has this worker and attempt and the status
 * allows the transition. Returns undefined if the row did not match.
 */
async function applyOwnUpdate(
  context: Context,
  caller: Caller,
  { taskId, update }: UpdateInput,
): Promise<TaskRecord | undefined> {
  const { status, worker_id, attempt } = update;
  if (status === undefined || !isPatchable(status) || status === "cancelled") return undefined;
  if (worker_id === undefined || attempt === undefined || !isUuid(taskId)) return undefined;
  const workerId = worker_id.toLowerCase();
  if ((await context.owners.getOwnerId(workerId)) !== caller.actor.id) return undefined;
  const step = {
    ...toTransition({ id: taskId, workerId, attempt }, update, status),
    onlyWithoutResultSchema: true,
  };
  const after = await context.storage.queue.transition(step);
  if (after !== undefined) announceTransition(context, after, null);
  return after;
}

/** Reads the task, checks and applies the update. Starts again if the task has changed. */
async function applyAuthorizedUpdate(
  context: Context,
  caller: Caller,
  input: UpdateInput,
): Promise<TaskRecord> {
  const { worker_id } = input.update;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { record, isRepeated } = await authorizeUpdate(context, caller, input);
    if (isRepeated) {
      emitTaskEnd(context, record);
      // The events of the first update may have been lost together with its response.
      publish(context, createTaskEvents(record, null));
      return record;
    }
    const updating = applyUpdate(context, record, input.update);
    const after = await (tries === 0 ? catchUnknownOutcome(updating) : updating);
    if (after !== undefined) return after;
    // The task changed, or its worker was removed, so the task and the worker's owner are read
    // again.
    if (worker_id !== undefined) context.owners.forget(worker_id.toLowerCase());
  }
  throw tooManyChanges("task");
}

/** Applies an update if the task is still as it was read; otherwise returns undefined. */
async function applyUpdate(
  context: Context,
  before: TaskRecord,
  update: TaskUpdate,
): Promise<TaskRecord | undefined> {
  const { storage } = context;
  const { status, progress, worker_id } = update;
  // The checks below remain valid if the row still matches these conditions when it is updated.
  const guard = { id: before.task.id, attempt: before.task.attempt, ...toWorkerGuard(update) };
  if (status === undefined) {
    if (progress === undefined) {
      throw validationError("The update is empty.", [
        { pointer: "/status", detail: "status, progress, log or output is required" },
      ]);
    }
    if (before.task.status !== "running") {
      const detail = `The task is ${before.task.status}. Progress can be reported only for a running task.`;
      throw invalidTransition(before, "running", detail);
    }
    const after = await storage.queue.reportProgress({ ...guard, progress });
    if (after !== undefined) publish(context, [createTaskChangedEvent(after)]);
    return after;
  }
  if (!isPatchable(status) || !getPatchTargets(before.task.status).includes(status)) {
    throw invalidTransition(before, status);
  }
  if (status === "completed") {
    const result = update.result ?? null;
    await requireResult(context, before.jobId, result, before.workerUserId ?? "");
    await attachResultFiles(context, before, result);
  }
  const after = await storage.queue.transition(toTransition(guard, update, status));
  // Wakes the heartbeat of the worker, unless the worker sent the update. A cancel always wakes it.
  const isOwnUpdate = worker_id !== undefined && status !== "cancelled";
  if (after !== undefined) announceTransition(context, after, isOwnUpdate ? null : before.task.worker_id);
  return after;
}

function toWorkerGuard({ worker_id }: TaskUpdate): Pick<Transition, "workerId"> {
  return worker_id === undefined ? {} : { workerId: worker_id.toLowerCase() };
}

function toTransition(
  guard: Pick<Transition, "id" | "attempt" | "workerId">,
  { error, result, progress }: TaskUpdate,
  to: Transition["to"],
): Transition {
  return {
    ...guard,
    to,
    ...(error !== undefined && { error }),
    ...(result !== undefined && { result }),
    ...(progress !== undefined && { progress }),
  };
}

function announceTransition(context: Context, after: TaskRecord, workerId: string | null): void {
  emitTaskEnd(context, after);
  context.meter.transitioned([after], "reported");
  publish(context, createTaskEvents(after, workerId));
}

/** Creates the events of a changed task. If it is pending again, they also wake waiting claims. */
function createTaskEvents(record: TaskRecord, workerId: string | null) {
  return record.task.status === "pending"
    ? createRequeueEvents([record])
    : [createTaskChangedEvent(record, workerId)];
}

/**
 * Appends the log lines and the output of an update. Ignores a repeated update that ended the
 * attempt: its lines and parts are stored already, and a later attempt may be running.
 */
async function append(context: Context, caller: Caller, input: UpdateInput): Promise<void> {
  const { update } = input;
  const { log: lines = [], output } = update;
  for (let tries = 0; ; tries += 1) {
    const { record, isRepeated } = await authorizeUpdate(context, caller, input);
    const { id: taskId, attempt, status } = record.task;
    if (isRepeated && update.status !== "running") return;
    if (status !== "running" || tries >= MAX_APPEND_TRIES) throw invalidTransition(record, "running");
    const target = { taskId, attempt, ...toWorkerGuard(update) };
    if (lines.length > 0) {
      if (!(await context.storage.taskLogs.append({ ...target, lines }))) continue;
      publish(context, [{ kind: "task-logged", taskId }]);
    }
    if (output === undefined || (await appendOutput(context, caller, { ...target, output }))) return;
  }
}
