import * as z from "zod";
import { operation } from "./operation.ts";
import { API_PATH, TaskParams } from "./operation-parts.ts";
import { Attempt } from "./tasks/attempts.ts";
import { Diagnosis } from "./tasks/diagnosis.ts";

/** Explains why a task is not running. */
export const diagnoseTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/diagnosis`,
  summary: "Explain why a task is not running",
  access: "task-read",
  params: TaskParams,
  responses: { 200: Diagnosis },
  problems: ["task-not-found"],
});

/** Lists a task's attempts, oldest first. */
export const listAttempts = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/attempts`,
  summary: "List a task's attempts, oldest first",
  access: "task-read",
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(Attempt).describe("the newest 200") }) },
  problems: ["task-not-found"],
});
