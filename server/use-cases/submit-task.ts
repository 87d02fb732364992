import { Problem, type TaskSubmission, type TraceContext } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { NewTask } from "../storage/storage.ts";
import type { ResultWithEvents } from "./events.ts";
import { resolveJobName } from "./job-names.ts";
import { hashCanonicalJson, validationError } from "./schema-checks.ts";
import { type SubmitTasksResult, submitTasks, toSubmitTasksResult } from "./submit-tasks.ts";
import { resolveTaskOptions } from "./task-options.ts";

/** One task for one job. */
export interface SubmitTaskInput {
  readonly roomId: string;
  readonly jobName: string;
  readonly options: TaskSubmission;
  /** The header's value, as it came. */
  readonly idempotencyKey: string | undefined;
  readonly traceContext?: TraceContext | undefined;
}

const requireKey = (key: string): void => {
  if (key.length >= 1 && key.length <= 255) return;
  throw validationError("The Idempotency-Key cannot be used.", [
    { pointer: "", detail: "the header Idempotency-Key must be 1–255 characters" },
  ]);
};

const NO_JOB = { jobId: "00000000-0000-0000-0000-000000000000", schemaHash: "" };

/** The same request again, whatever has become of its job since: an insert that can only meet its key. */
const replay = async (
  context: Context,
  caller: Caller,
  { roomId, idempotency }: Pick<NewTask, "roomId" | "idempotency">,
): Promise<ResultWithEvents<SubmitTasksResult> | undefined> => {
  const task = {
    id: context.newId(),
    ...NO_JOB,
    roomId,
    createdById: caller.actor.id,
    payload: {},
    idempotency,
  };
  const outcome = await context.storage.tasks.insert([{ ...task, ...resolveTaskOptions({}, {}) }], {
    aliveWithinSeconds: context.settings.worker_timeout_threshold,
  });
  return outcome.kind === "job-changed" ? undefined : toSubmitTasksResult(context, outcome);
};

/** Submits a task; with an idempotency key, once. */
export const submitTask = async (
  context: Context,
  caller: Caller,
  { roomId, jobName, options, idempotencyKey, traceContext }: SubmitTaskInput,
): Promise<ResultWithEvents<SubmitTasksResult>> => {
  const submission = { jobName, options, pointer: "" };
  if (idempotencyKey === undefined)
    return submitTasks(context, caller, { roomId, traceContext, submissions: [submission] });
  requireKey(idempotencyKey);
  const address = resolveJobName(jobName, roomId);
  const requestHash = hashCanonicalJson({
    job: [address.roomId, address.category, address.name],
    body: { ...options, payload: options.payload ?? {} },
  });
  const idempotency = { key: idempotencyKey, requestHash };
  try {
    const submissions = [{ ...submission, idempotency }];
    return await submitTasks(context, caller, { roomId, traceContext, submissions });
  } catch (error) {
    // The first request was taken; that its job has changed since must not make its repetition fail.
    const earlier =
      error instanceof Problem ? await replay(context, caller, { roomId, idempotency }) : undefined;
    if (earlier !== undefined) return earlier;
    throw error;
  }
};
