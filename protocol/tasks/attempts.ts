import * as z from "zod";
import { JsonValue } from "../json.ts";
import { API_PATH, operation } from "../operation.ts";
import { Timestamp } from "../time.ts";
import { FailedOutcome, Task, TaskParams } from "./task.ts";

/**
 * The outcome of an attempt. `lost`: its worker lost the lease, for example because it was declared
 * dead. `released`: the task was requeued before it started. `open`: the attempt has not ended.
 */
export const AttemptOutcome = z.enum([
  ...FailedOutcome.options,
  "completed",
  "cancelled",
  "released",
  "open",
]);
export type AttemptOutcome = z.infer<typeof AttemptOutcome>;

/** One claim of a task and its outcome. Unknown values are null. */
export const Attempt = z.object({
  attempt: z.int(),
  worker_id: z.string().nullable(),
  worker_name: z.string().nullable().describe("null if the worker has no name or no longer exists"),
  claimed_at: Timestamp.nullable(),
  started_at: Timestamp.nullable(),
  ended_at: Timestamp.nullable(),
  outcome: AttemptOutcome.describe(
    "lost: the worker lost its lease, for example because the server received no heartbeat from it in time; released: the task was requeued before it started; open: the attempt has not ended",
  ),
  error: z.string().nullable(),
  late_result: z.boolean().describe("true if a late result of this attempt is stored"),
});
export type Attempt = z.infer<typeof Attempt>;

/**
 * A result that arrived after its worker had lost the lease. The server rejected the update but
 * stored the result, and the submitter can adopt it.
 */
export const LateResult = z.object({
  attempt: z.int().describe("the attempt that produced the result"),
  worker_id: z.string(),
  user_id: z.string().describe("the owner of the worker"),
  at: Timestamp.describe("when the result arrived"),
  result: JsonValue.nullable(),
});
export type LateResult = z.infer<typeof LateResult>;

/**
 * Selects the late result that becomes the result of the task: the one of `attempt`, or the newest
 * late result if `attempt` is missing.
 */
export const Adoption = z.object({ attempt: z.int().min(1).max(2_147_483_647).optional() });
export type Adoption = z.infer<typeof Adoption>;

export const listAttempts = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/attempts`,
  summary: "List a task's attempts, oldest first",
  access: "task-read",
  params: TaskParams,
  responses: {
    200: z.object({ items: z.array(Attempt).describe("at most 200; if there are more, the newest") }),
  },
  responseDescriptions: { 200: "The attempts." },
  problems: ["task-not-found"],
});

export const listLateResults = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/late_results`,
  summary: "List a task's late results, newest first",
  access: "task-submitter",
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(LateResult) }) },
  responseDescriptions: { 200: "The late results." },
  problems: ["task-not-found"],
});

export const adoptLateResult = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/adopt`,
  summary: "Complete a task with a late result, unless it is already completed",
  access: "task-submitter",
  // A repeated request would fail if the first one had already adopted the result.
  retryable: false,
  params: TaskParams,
  body: Adoption,
  bodyOptional: true,
  responses: { 200: Task },
  responseDescriptions: { 200: "The completed task." },
  problems: ["task-not-found", "invalid-task-transition"],
});

export const attemptOperations = { listAttempts, listLateResults, adoptLateResult } as const;
