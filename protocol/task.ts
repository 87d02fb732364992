import * as z from "zod";
import { FailedOutcome } from "./attempt.ts";
import { JobName } from "./job-name.ts";
import { JsonObject, JsonValue } from "./json.ts";
import { MAX_LINES_PER_UPDATE, NewLogLine } from "./log.ts";
import { ProblemDocument } from "./problem.ts";
import { TaskStatus } from "./task-status.ts";
import { Timestamp } from "./timestamp.ts";
import { TraceContext } from "./trace-context.ts";

/** The longest `error` that is kept, in UTF-8 bytes: 64 KiB. */
export const MAX_ERROR_BYTES = 64 * 1024;
/** How far ahead `run_at` may lie, in seconds: 366 days. */
export const MAX_DELAY_SECONDS = 366 * 86_400;
/** How many tasks one request may submit. */
export const MAX_TASKS_PER_SUBMIT = 1000;
/** How many tasks one request may claim. */
export const MAX_TASKS_PER_CLAIM = 100;
/** How many steps one request may bring: of 500 completions each costs all sides a tenth less than of 100. */
export const MAX_UPDATES_PER_REQUEST = 500;

const utf8Length = (text: string) => new TextEncoder().encode(text).length;

const ErrorText = z
  .string()
  .refine((text) => text.length * 3 <= MAX_ERROR_BYTES || utf8Length(text) <= MAX_ERROR_BYTES, {
    error: "must be at most 64 KiB of UTF-8",
  });

/** The wait before the next attempt, as it is kept: every member is there. */
export const Backoff = z.object({
  kind: z.enum(["exponential", "fixed"]),
  seconds: z.number().min(0).max(86_400),
  max_seconds: z.number().min(0).max(86_400),
  jitter: z.number().min(0).max(1),
});
export type Backoff = z.infer<typeof Backoff>;

/** What a task gets that says nothing of its own. */
export const DEFAULT_BACKOFF: Backoff = { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 };

const optionFields = {
  priority: z.int().min(-100).max(100).optional().describe("higher first; 0"),
  max_attempts: z.int().min(1).max(100).optional().describe("how often it may be started; 1"),
  backoff: Backoff.partial().optional().describe("the wait before the next attempt"),
  timeout_seconds: z
    .number()
    .min(1)
    .max(604_800)
    .nullable()
    .optional()
    .describe("running longer is a failure"),
};

const startFields = {
  run_at: Timestamp.optional().describe("not claimed before"),
  delay_seconds: z.number().min(0).max(MAX_DELAY_SECONDS).optional().describe("not claimed for so long"),
};

const oneStart = (value: { run_at?: unknown; delay_seconds?: unknown }) =>
  value.run_at === undefined || value.delay_seconds === undefined;
const ONE_START = { error: "run_at and delay_seconds exclude each other", path: ["delay_seconds"] };

/** The options that a job may set for its tasks. */
export const TaskDefaults = z.object({
  ...optionFields,
  delay_seconds: startFields.delay_seconds,
});
export type TaskDefaults = z.infer<typeof TaskDefaults>;

const submissionFields = { payload: JsonObject.optional(), ...optionFields, ...startFields };

/** One task to be submitted; `payload` is `{}` where it is not given. */
export const TaskSubmission = z.object(submissionFields).refine(oneStart, ONE_START);
export type TaskSubmission = z.infer<typeof TaskSubmission>;

/** One of many tasks to be submitted. */
export const NamedTaskSubmission = z
  .object({ job_name: JobName, ...submissionFields })
  .refine(oneStart, ONE_START);
export type NamedTaskSubmission = z.infer<typeof NamedTaskSubmission>;

/** Many tasks, all or none. */
export const TaskSubmissions = z.object({
  tasks: z.array(NamedTaskSubmission).min(1).max(MAX_TASKS_PER_SUBMIT),
});
export type TaskSubmissions = z.infer<typeof TaskSubmissions>;

const KeyedTaskSubmission = z
  .object({
    job_name: JobName,
    idempotency_key: z.string().min(1).max(255).optional().describe("as the header of a single submit"),
    trace_context: TraceContext.optional()
      .catch(undefined)
      .describe("as the headers of a single submit; what cannot be read is ignored"),
    ...submissionFields,
  })
  .refine(oneStart, ONE_START);

/** Many submits in one request, each as if it had come alone. */
export const TaskSubmits = z.object({
  submits: z.array(KeyedTaskSubmission).min(1).max(MAX_TASKS_PER_SUBMIT),
});
export type TaskSubmits = z.infer<typeof TaskSubmits>;

/** How far a running task has come. */
export const Progress = z.object({
  fraction: z.number().min(0).max(1).optional(),
  message: z.string().max(1000).optional(),
});
export type Progress = z.infer<typeof Progress>;

/** One attempt that failed. */
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

/** A task as every answer shows it. */
export const Task = z.object({
  id: z.string(),
  job_name: z.string(),
  room_id: z.string(),
  status: TaskStatus,
  payload: JsonObject,
  priority: z.int(),
  attempt: z.int().describe("grows with every claim, and so fences"),
  runs: z.int().describe("how often it was started"),
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
      "among the due tasks of its job, 1 for the next, 1001 for all beyond 1000; null unless pending",
    ),
  trace_context: TraceContext.optional().describe("its submitter's; left out where there was none"),
});
export type Task = z.infer<typeof Task>;

/** A task as its submit answers it. */
export const SubmittedTask = Task.extend({
  workers_online: z.int().describe("how many live workers could take it"),
});
export type SubmittedTask = z.infer<typeof SubmittedTask>;

/** Many submitted tasks, each whole. */
export const SubmittedTasks = z.object({ tasks: z.array(SubmittedTask) });
/** Many submitted tasks where `return=minimal` was asked for and they differ in nothing but their ids and payloads. */
export const AlikeTasks = z.object({
  common: SubmittedTask.omit({ id: true, payload: true }),
  ids: z.array(z.string()).describe("in the order in which they were submitted"),
});
export type AlikeTasks = z.infer<typeof AlikeTasks>;

const Refusal = z.object({ problem: ProblemDocument });

/** What each of many submits came to, in their order. */
export const SubmitResults = z.object({
  results: z.array(z.union([z.object({ task: SubmittedTask }), Refusal])),
});
/** The same where `return=minimal` was asked for: of a task that has nothing of its own beside them, id and payload are left out. */
export const BriefSubmitResults = z.object({
  common: AlikeTasks.shape.common.nullable(),
  results: z.array(z.union([z.object({ id: z.string() }), z.object({ task: SubmittedTask }), Refusal])),
});

/** What a step made of a task, where `return=minimal` was asked for. */
export const MovedTask = z.object({ id: z.string(), status: TaskStatus, completed_at: Timestamp.nullable() });
export type MovedTask = z.infer<typeof MovedTask>;

const updateFields = {
  error: ErrorText.nullable().optional(),
  result: JsonValue.optional(),
  progress: Progress.optional(),
  log: z.array(NewLogLine).max(MAX_LINES_PER_UPDATE).optional().describe("lines to keep with the task"),
  attempt: z.int().min(0).max(2_147_483_647).optional(),
};

/** A step in a task's life, or, without `status`, progress alone. */
export const TaskUpdate = z.object({
  status: TaskStatus.optional(),
  ...updateFields,
  worker_id: z.string().max(128).optional(),
});
export type TaskUpdate = z.infer<typeof TaskUpdate>;

/** Many steps by one worker. */
export const TaskUpdates = z.object({
  updates: z
    .array(z.object({ id: z.string(), status: TaskStatus.optional(), ...updateFields }))
    .min(1)
    .max(MAX_UPDATES_PER_REQUEST),
});
export type TaskUpdates = z.infer<typeof TaskUpdates>;

/** A worker asks for its next task. */
export const ClaimRequest = z.object({
  worker_id: z.string().max(128),
  start: z.boolean().optional().describe("come back running"),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** A worker asks for its next tasks. */
export const ClaimManyRequest = z.object({
  limit: z.int().min(1).max(MAX_TASKS_PER_CLAIM),
  start: z.boolean().optional(),
});
export type ClaimManyRequest = z.infer<typeof ClaimManyRequest>;
