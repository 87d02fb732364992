import * as z from "zod";
import { JobName, RoomJobParams } from "../job-name.ts";
import { JsonObject } from "../json.ts";
import { API_PATH, operation, RETURN_HEADER } from "../operation.ts";
import { ProblemDocument } from "../problem.ts";
import { RoomParams } from "../rooms.ts";
import { Timestamp } from "../time.ts";
import { TRACE_HEADERS, TraceContext } from "../tracing/trace-context.ts";
import { Task, taskOptionFields } from "./task.ts";

/** Maximum delay until `run_at`, in seconds: 366 days. */
export const MAX_DELAY_SECONDS = 366 * 86_400;
export const MAX_TASKS_PER_SUBMIT = 1000;

const startTimeFields = {
  run_at: Timestamp.optional().describe("scheduled time; the task cannot be claimed before it"),
  delay_seconds: z
    .number()
    .min(0)
    .max(MAX_DELAY_SECONDS)
    .optional()
    .describe("delay before the task can be claimed, in seconds"),
};

function hasSingleStartTime(value: { run_at?: unknown; delay_seconds?: unknown }) {
  return value.run_at === undefined || value.delay_seconds === undefined;
}
const START_TIME_CONFLICT = {
  error: "run_at and delay_seconds are mutually exclusive; set only one of them",
  path: ["delay_seconds"],
};

/** The options that a job may set for its tasks. */
export const TaskDefaults = z.object({
  ...taskOptionFields,
  delay_seconds: startTimeFields.delay_seconds,
});
export type TaskDefaults = z.infer<typeof TaskDefaults>;

const submissionFields = { payload: JsonObject.optional(), ...taskOptionFields, ...startTimeFields };

/** A task to submit. `payload` defaults to `{}`. */
export const TaskSubmission = z.object(submissionFields).refine(hasSingleStartTime, START_TIME_CONFLICT);
export type TaskSubmission = z.infer<typeof TaskSubmission>;

/** One of several tasks in a request, with the name of its job. */
export const NamedTaskSubmission = z
  .object({ job_name: JobName, ...submissionFields })
  .refine(hasSingleStartTime, START_TIME_CONFLICT);
export type NamedTaskSubmission = z.infer<typeof NamedTaskSubmission>;

export const TaskSubmissions = z.object({
  tasks: z.array(NamedTaskSubmission).min(1).max(MAX_TASKS_PER_SUBMIT),
});
export type TaskSubmissions = z.infer<typeof TaskSubmissions>;

const KeyedTaskSubmission = z
  .object({
    job_name: JobName,
    idempotency_key: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe("same meaning as the `Idempotency-Key` header of a single submission"),
    trace_context: TraceContext.optional()
      .catch(undefined)
      .describe("same meaning as the trace headers of a single submission; an invalid value is ignored"),
    ...submissionFields,
  })
  .refine(hasSingleStartTime, START_TIME_CONFLICT);

/** Submissions in one request, each of which is accepted or rejected independently. */
export const SubmitBatch = z.object({
  submissions: z.array(KeyedTaskSubmission).min(1).max(MAX_TASKS_PER_SUBMIT),
});
export type SubmitBatch = z.infer<typeof SubmitBatch>;

export const SubmittedTask = Task.extend({
  workers_online: z.int().describe("number of online workers for the task's job"),
});
export type SubmittedTask = z.infer<typeof SubmittedTask>;

export const SubmittedTasks = z.object({ tasks: z.array(SubmittedTask) });
/** The minimal response for submitted tasks that differ only in their ids and payloads. */
export const MinimalSubmittedTasks = z.object({
  common: SubmittedTask.omit({ id: true, payload: true }).describe(
    "all members of a task except `id` and `payload`; these values apply to every task that the response represents by its id only",
  ),
  ids: z.array(z.string()).describe("in the order of the request"),
});
export type MinimalSubmittedTasks = z.infer<typeof MinimalSubmittedTasks>;

const Rejection = z.object({ problem: ProblemDocument });

/** The result of each submission, in the order of the request. */
export const SubmitBatchResults = z.object({
  results: z.array(z.union([z.object({ task: SubmittedTask }), Rejection])),
});
/**
 * The minimal response to a batch of submissions. A task that differs from `common` only in its id
 * and payload is represented by its id.
 */
export const MinimalSubmitBatchResults = z.object({
  common: MinimalSubmittedTasks.shape.common.nullable(),
  results: z.array(z.union([z.object({ id: z.string() }), z.object({ task: SubmittedTask }), Rejection])),
});

export const submitTask = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks/:job_name`,
  summary: "Submit a task",
  access: "room-write",
  retryable: true,
  params: RoomJobParams,
  body: TaskSubmission,
  bodyOptional: true,
  headers: {
    "idempotency-key":
      "1–255 characters; a repeated request with the same key and body returns the same task",
    ...TRACE_HEADERS,
  },
  responses: { 200: SubmittedTask, 202: SubmittedTask },
  responseDescriptions: {
    200: "A task with this idempotency key already exists.",
    202: "The task was created.",
  },
  problems: [
    "invalid-room-id",
    "invalid-job-name",
    "job-not-found",
    "no-workers-available",
    "idempotency-conflict",
  ],
});

export const submitTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "Submit many tasks atomically: all or none",
  access: "room-write",
  // The operation has no idempotency key, so a repeated request would create the tasks twice.
  retryable: false,
  params: RoomParams,
  body: TaskSubmissions,
  headers: { ...RETURN_HEADER, ...TRACE_HEADERS },
  responses: { 202: SubmittedTasks },
  responseDescriptions: { 202: "All tasks were created." },
  minimal: { 202: MinimalSubmittedTasks },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found", "no-workers-available"],
});

export const submitBatch = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/submissions`,
  summary:
    "Submit many tasks in one request. Each is accepted or rejected independently, and has its own idempotency key",
  access: "room-write",
  retryable: true,
  params: RoomParams,
  body: SubmitBatch,
  headers: RETURN_HEADER,
  responses: { 200: SubmitBatchResults },
  responseDescriptions: { 200: "The outcome of each submission, in the order of the request." },
  minimal: { 200: MinimalSubmitBatchResults },
  problems: ["invalid-room-id"],
});

export const submitOperations = { submitTask, submitTasks, submitBatch } as const;
