import * as z from "zod";
import { FailedOutcome } from "./attempt.ts";
import { JobName } from "./job-name.ts";
import { JsonObject, JsonValue } from "./json.ts";
import { MAX_LINES_PER_UPDATE, NewLogLine } from "./log.ts";
import { ProblemDocument } from "./problem.ts";
import { TaskStatus } from "./task-status.ts";
import { Timestamp } from "./timestamp.ts";
import { TraceContext } from "./trace-context.ts";

/** Maximum length of `error`, in bytes of UTF-8. */
export const MAX_ERROR_BYTES = 64 * 1024;
/** Maximum delay until `run_at`, in seconds: 366 days. */
export const MAX_DELAY_SECONDS = 366 * 86_400;
/** Maximum number of tasks per submit request. */
export const MAX_TASKS_PER_SUBMIT = 1000;
/** Maximum number of tasks per claim request. */
export const MAX_TASKS_PER_CLAIM = 100;
/**
 * Maximum number of updates per request. With 500 instead of 100, a completion takes 10 % less CPU time of
 * client, server and database.
 */
export const MAX_UPDATES_PER_REQUEST = 500;

const getUtf8Length = (text: string) => new TextEncoder().encode(text).length;

const ErrorText = z
  .string()
  .refine((text) => text.length * 3 <= MAX_ERROR_BYTES || getUtf8Length(text) <= MAX_ERROR_BYTES, {
    error: "must be at most 64 KiB of UTF-8",
  });

/** The delay before the next attempt, with all members set. */
export const Backoff = z.object({
  kind: z.enum(["exponential", "fixed"]),
  seconds: z.number().min(0).max(86_400),
  max_seconds: z.number().min(0).max(86_400),
  jitter: z.number().min(0).max(1),
});
export type Backoff = z.infer<typeof Backoff>;

export const DEFAULT_BACKOFF: Backoff = { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 };

const optionFields = {
  priority: z.int().min(-100).max(100).optional().describe("higher runs first; default 0"),
  max_attempts: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("maximum number of attempts that are started (`runs`); default 1"),
  backoff: Backoff.partial().optional().describe("delay before the next attempt"),
  timeout_seconds: z
    .number()
    .min(1)
    .max(604_800)
    .nullable()
    .optional()
    .describe("maximum run time, in seconds; a task that exceeds it fails"),
};

const startFields = {
  run_at: Timestamp.optional().describe("scheduled time; the task cannot be claimed before it"),
  delay_seconds: z
    .number()
    .min(0)
    .max(MAX_DELAY_SECONDS)
    .optional()
    .describe("delay before the task can be claimed, in seconds"),
};

const hasOneStart = (value: { run_at?: unknown; delay_seconds?: unknown }) =>
  value.run_at === undefined || value.delay_seconds === undefined;
const ONE_START = {
  error: "run_at and delay_seconds are mutually exclusive; set only one of them",
  path: ["delay_seconds"],
};

/** The options that a job may set for its tasks. */
export const TaskDefaults = z.object({
  ...optionFields,
  delay_seconds: startFields.delay_seconds,
});
export type TaskDefaults = z.infer<typeof TaskDefaults>;

const submissionFields = { payload: JsonObject.optional(), ...optionFields, ...startFields };

/** A task to submit. `payload` defaults to `{}`. */
export const TaskSubmission = z.object(submissionFields).refine(hasOneStart, ONE_START);
export type TaskSubmission = z.infer<typeof TaskSubmission>;

/** A task to submit together with others, with the name of its job. */
export const NamedTaskSubmission = z
  .object({ job_name: JobName, ...submissionFields })
  .refine(hasOneStart, ONE_START);
export type NamedTaskSubmission = z.infer<typeof NamedTaskSubmission>;

/** Tasks to submit atomically. */
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
  .refine(hasOneStart, ONE_START);

/** Independent submissions in one request. */
export const SubmitBatch = z.object({
  submissions: z.array(KeyedTaskSubmission).min(1).max(MAX_TASKS_PER_SUBMIT),
});
export type SubmitBatch = z.infer<typeof SubmitBatch>;

/** The progress of a running task. */
export const Progress = z.object({
  fraction: z.number().min(0).max(1).optional(),
  message: z.string().max(1000).optional(),
});
export type Progress = z.infer<typeof Progress>;

/** A failed attempt. */
export const AttemptError = z.object({
  attempt: z.int(),
  at: Timestamp,
  error: z.string(),
  worker_id: z.string().nullable(),
  outcome: FailedOutcome.optional(),
  claimed_at: Timestamp.optional(),
  started_at: Timestamp.optional(),
});
export type AttemptError = z.infer<typeof AttemptError>;

/** A task, as all responses contain it. */
export const Task = z.object({
  id: z.string(),
  job_name: z.string(),
  room_id: z.string(),
  status: TaskStatus,
  payload: JsonObject,
  priority: z.int(),
  attempt: z.int().describe("number of the attempt; increases with every claim, and fences the lease"),
  runs: z.int().describe("number of attempts that were started; `max_attempts` limits it"),
  max_attempts: z.int(),
  backoff: Backoff,
  timeout_seconds: z.number().nullable(),
  run_at: Timestamp,
  created_at: Timestamp,
  started_at: Timestamp.nullable(),
  completed_at: Timestamp.nullable(),
  created_by_id: z.string().nullable(),
  worker_id: z.string().nullable(),
  error: z.string().nullable(),
  errors: z.array(AttemptError),
  result: JsonValue.nullable(),
  progress: Progress.nullable(),
  queue_position: z
    .int()
    .nullable()
    .describe(
      "position among the due tasks of its job: 1 is next, 1001 means beyond 1,000; null unless pending",
    ),
  trace_context: TraceContext.optional().describe(
    "the trace context of the submission; omitted if there was none",
  ),
});
export type Task = z.infer<typeof Task>;

/** A task in the response to its submit. */
export const SubmittedTask = Task.extend({
  workers_online: z.int().describe("number of online workers for the task's job"),
});
export type SubmittedTask = z.infer<typeof SubmittedTask>;

/** Submitted tasks. */
export const SubmittedTasks = z.object({ tasks: z.array(SubmittedTask) });
/** The minimal response for submitted tasks that differ only in their ids and payloads. */
export const MinimalSubmittedTasks = z.object({
  common: SubmittedTask.omit({ id: true, payload: true }),
  ids: z.array(z.string()).describe("in the order of the request"),
});
export type MinimalSubmittedTasks = z.infer<typeof MinimalSubmittedTasks>;

const Rejection = z.object({ problem: ProblemDocument });

/** The result of each submission, in the order of the request. */
export const SubmitBatchResults = z.object({
  results: z.array(z.union([z.object({ task: SubmittedTask }), Rejection])),
});
/**
 * The minimal response to a batch of submissions. A task that differs from `common` only in its id and payload is
 * represented by its id.
 */
export const MinimalSubmitBatchResults = z.object({
  common: MinimalSubmittedTasks.shape.common.nullable(),
  results: z.array(z.union([z.object({ id: z.string() }), z.object({ task: SubmittedTask }), Rejection])),
});

/** The minimal response to an update. */
export const MinimalTaskUpdate = z.object({
  id: z.string(),
  status: TaskStatus,
  completed_at: Timestamp.nullable(),
});
export type MinimalTaskUpdate = z.infer<typeof MinimalTaskUpdate>;

const updateFields = {
  error: ErrorText.nullable().optional(),
  result: JsonValue.optional(),
  progress: Progress.optional(),
  log: z.array(NewLogLine).max(MAX_LINES_PER_UPDATE).optional().describe("log lines to store with the task"),
  attempt: z.int().min(0).max(2_147_483_647).optional(),
};

/** A change of the status. Without `status`, the update only reports progress or log lines. */
export const TaskUpdate = z.object({
  status: TaskStatus.optional(),
  ...updateFields,
  worker_id: z.string().max(128).optional(),
});
export type TaskUpdate = z.infer<typeof TaskUpdate>;

/** Updates of several tasks by one worker. */
export const TaskUpdates = z.object({
  updates: z
    .array(z.object({ id: z.string(), status: TaskStatus.optional(), ...updateFields }))
    .min(1)
    .max(MAX_UPDATES_PER_REQUEST),
});
export type TaskUpdates = z.infer<typeof TaskUpdates>;

/** A worker's request for its next task. */
export const ClaimRequest = z.object({
  worker_id: z.string().max(128),
  start: z.boolean().optional().describe("start the task immediately, so that it is returned as running"),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** A worker's request for several tasks. */
export const BatchClaimRequest = z.object({
  limit: z.int().min(1).max(MAX_TASKS_PER_CLAIM),
  start: z.boolean().optional(),
});
export type BatchClaimRequest = z.infer<typeof BatchClaimRequest>;
