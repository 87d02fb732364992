import * as z from "zod";
import { JsonObject, JsonValue } from "../json.ts";
import { API_PATH, createWaitHeader, operation } from "../operation.ts";
import { Timestamp } from "../time.ts";
import { TraceContext } from "../tracing/trace-context.ts";
import { TaskStatus } from "./status.ts";

export const TaskParams = z.object({ task_id: z.string() });

/**
 * How the delay before the next attempt is computed. In a submission, each member is optional. In a
 * task, all members are set.
 */
export const Backoff = z.object({
  kind: z.enum(["exponential", "fixed"]),
  seconds: z
    .number()
    .min(0)
    .max(86_400)
    .describe(
      "delay after the first attempt, in seconds; `exponential` doubles it after each further attempt",
    ),
  max_seconds: z
    .number()
    .min(0)
    .max(86_400)
    .describe("maximum delay of `exponential`, in seconds, before jitter is added"),
  jitter: z.number().min(0).max(1).describe("0.2 varies the delay randomly by up to ±20 %"),
});
export type Backoff = z.infer<typeof Backoff>;

export const DEFAULT_BACKOFF: Backoff = { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 };

export const Progress = z.object({
  fraction: z.number().min(0).max(1).optional(),
  message: z.string().max(1000).optional(),
});
export type Progress = z.infer<typeof Progress>;

export const FailedOutcome = z.enum(["failed", "timed_out", "lost"]);
export type FailedOutcome = z.infer<typeof FailedOutcome>;

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

/** The options that a submitter can set for a task. A job can have defaults for them. */
export const taskOptionFields = {
  priority: z.int().min(-100).max(100).optional().describe("higher runs first; default 0"),
  max_attempts: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe(
      "maximum number of attempts; an attempt after which the task is requeued, because it never started, does not count; default 1",
    ),
  backoff: Backoff.partial().optional().describe("delay before the next attempt"),
  timeout_seconds: z
    .number()
    .min(1)
    .max(604_800)
    .nullable()
    .optional()
    .describe(
      "maximum run time of an attempt, in seconds; an attempt that exceeds it fails, and the task is retried if it has attempts left",
    ),
};

export const Task = z.object({
  id: z.string(),
  job_name: z.string(),
  room_id: z.string(),
  status: TaskStatus,
  payload: JsonObject,
  priority: z.int(),
  attempt: z
    .int()
    .describe(
      "number of the last claim, from 1; 0 before the first claim; an update that names an earlier attempt is rejected",
    ),
  runs: z
    .int()
    .describe(
      "number of claims that count towards `max_attempts`: all except those after which the task was requeued before it started",
    ),
  max_attempts: z.int(),
  backoff: Backoff,
  timeout_seconds: z.number().nullable(),
  run_at: Timestamp.describe("scheduled time; from then on the task is due, and can be claimed"),
  created_at: Timestamp,
  started_at: Timestamp.nullable(),
  completed_at: Timestamp.nullable().describe(
    "when the task ended (completed, failed or cancelled); null before",
  ),
  created_by_id: z.string().nullable().describe("id of the submitter"),
  worker_id: z.string().nullable(),
  error: z.string().nullable(),
  errors: z.array(AttemptError),
  result: JsonValue.nullable(),
  progress: Progress.nullable(),
  queue_position: z
    .int()
    .nullable()
    .describe(
      "position among the due tasks of its job: 1 is next, 1001 means beyond 1,000; null unless the task is pending and due",
    ),
  trace_context: TraceContext.optional().describe(
    "the trace context of the submission; omitted if there was none",
  ),
});
export type Task = z.infer<typeof Task>;

export const readTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "Get a task; with `Prefer: wait=N`, wait for its end",
  access: "task-read",
  params: TaskParams,
  headers: {
    ...createWaitHeader("the task ends; with `If-None-Match`, until it changes"),
    "if-none-match": "an ETag; the response is 304 if the task has not changed",
  },
  responses: { 200: Task, 304: null },
  responseDescriptions: {
    200: "The task.",
    304: "The task has not changed since the response with this ETag.",
  },
  problems: ["task-not-found"],
});

export const retryTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/retry`,
  summary: "Retry a failed or cancelled task",
  access: "task-submitter",
  // A repeated request could retry a task that has failed again in the meantime.
  retryable: false,
  params: TaskParams,
  responses: { 200: Task },
  responseDescriptions: { 200: "The task, which is pending again." },
  problems: ["task-not-found", "job-not-found", "invalid-task-transition"],
});

export const taskOperations = { readTask, retryTask } as const;
