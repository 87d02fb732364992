import * as z from "zod";
import { Attempt } from "./attempt.ts";
import { Diagnosis } from "./diagnosis.ts";
import { operation } from "./operation.ts";
import { API_PATH, TaskParams } from "./operation-parts.ts";

export const diagnoseTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/diagnosis`,
  summary: "Explain why a task is not running",
  access: "task-read",
  params: TaskParams,
  responses: { 200: Diagnosis },
  problems: ["task-not-found"],
});

export const listAttempts = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/attempts`,
  summary: "List a task's attempts, oldest first",
  access: "task-read",
  params: TaskParams,
  responses: {
    200: z.object({ items: z.array(Attempt).describe("at most 200; if there are more, the newest") }),
  },
  problems: ["task-not-found"],
});
