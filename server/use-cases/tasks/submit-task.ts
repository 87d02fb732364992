import { Problem, type TaskSubmission, type TraceContext } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { NewTask } from "../../records.ts";
import type { ResultWithEvents } from "../events.ts";
import { resolveJobName } from "../jobs/job-names.ts";
import { hashCanonicalJson, validationError } from "../jobs/schema-checks.ts";
import { type SubmitTasksResult, submitTasks, toSubmitTasksResult } from "./submit-tasks.ts";
import { resolveTaskOptions } from "./task-options.ts";

/** A request to submit one task. */
export interface SubmitTaskInput {
  readonly roomId: string;
  readonly jobName: string;
  readonly options: TaskSubmission;
  /** Value of the `Idempotency-Key` header. */
  readonly idempotencyKey: string | undefined;
  readonly traceContext?: TraceContext | undefined;
}

const requireValidKey = (key: string): void => {
  if (key.length >= 1 && key.length <= 255) return;
  throw validationError("The Idempotency-Key is invalid; see `errors`.", [
    { pointer: "", detail: "the header Idempotency-Key must be 1–255 characters" },
  ]);
};

const NO_JOB = { jobId: "00000000-0000-0000-0000-000000000000", schemaHash: "" };

/**
 * Returns the result of an earlier submit with the same idempotency key, even if its job was changed or
 * removed. Tries to insert a task of a job that does not exist, so that nothing is inserted and only the key
 * is looked up.
 */
const replaySubmit = async (
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
  const outcome = await context.storage.queue.insert([{ ...task, ...resolveTaskOptions({}, {}) }], {
    aliveWithinSeconds: context.settings.worker_timeout_threshold,
  });
  return outcome.kind === "job-changed" ? undefined : toSubmitTasksResult(context, outcome);
};

/** Submits one task. Several requests with the same idempotency key submit only one task. */
export const submitTask = async (
  context: Context,
  caller: Caller,
  { roomId, jobName, options, idempotencyKey, traceContext }: SubmitTaskInput,
): Promise<ResultWithEvents<SubmitTasksResult>> => {
  const submission = { jobName, options, pointer: "" };
  if (idempotencyKey === undefined)
    return submitTasks(context, caller, { roomId, traceContext, submissions: [submission] });
  requireValidKey(idempotencyKey);
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
    // If the first request succeeded, a repeated request must not fail because the job has changed in the
    // meantime.
    const earlier =
      error instanceof Problem ? await replaySubmit(context, caller, { roomId, idempotency }) : undefined;
    if (earlier !== undefined) return earlier;
    throw error;
  }
};
