import * as z from "zod";
import { JsonValue } from "../json.ts";
import { API_PATH, operation } from "../operation.ts";
import { Timestamp } from "../time.ts";
import { Task, TaskParams } from "./task.ts";

/**
 * A result that arrived after its worker's lease was lost. It was stored when the update was rejected, and
 * the submitter can adopt it.
 */
export const LateResult = z.object({
  attempt: z.int().describe("the attempt that produced the result"),
  worker_id: z.string(),
  user_id: z.string().describe("the owner of the worker"),
  at: Timestamp.describe("when the result arrived"),
  result: JsonValue.nullable(),
});
export type LateResult = z.infer<typeof LateResult>;

/** Selects the late result to adopt. If `attempt` is missing, this is the latest one. */
export const Adoption = z.object({ attempt: z.int().min(1).max(2_147_483_647).optional() });
export type Adoption = z.infer<typeof Adoption>;

export const listLateResults = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/late_results`,
  summary: "List a task's late results, newest first",
  access: "task-submitter",
  retryable: true,
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(LateResult) }) },
  problems: ["task-not-found"],
});

export const adoptLateResult = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/adopt`,
  summary: "Complete a task with a late result, unless it is already completed",
  access: "task-submitter",
  // A repeated request would fail if the first one has adopted the result.
  retryable: false,
  params: TaskParams,
  body: Adoption,
  bodyOptional: true,
  responses: { 200: Task },
  problems: ["task-not-found", "invalid-task-transition"],
});

export const lateResultOperations = { listLateResults, adoptLateResult } as const;
