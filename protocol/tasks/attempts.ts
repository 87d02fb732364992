import * as z from "zod";
import { API_PATH, operation } from "../operation.ts";
import { Timestamp } from "../time.ts";
import { FailedOutcome, TaskParams } from "./task.ts";

/**
 * The outcome of an attempt. `lost`: its worker was declared dead. `released`: the task was requeued before it
 * started. `open`: the attempt has not ended.
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
  outcome: AttemptOutcome,
  error: z.string().nullable(),
  late_result: z.boolean().describe("true if a late result of this attempt is stored"),
});
export type Attempt = z.infer<typeof Attempt>;

export const listAttempts = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/attempts`,
  summary: "List a task's attempts, oldest first",
  access: "task-read",
  retryable: true,
  params: TaskParams,
  responses: {
    200: z.object({ items: z.array(Attempt).describe("at most 200; if there are more, the newest") }),
  },
  problems: ["task-not-found"],
});

export const attemptOperations = { listAttempts } as const;
