import * as z from "zod";
import { Attempt } from "./attempt.ts";
import { Diagnosis } from "./diagnosis.ts";
import { operation } from "./operation.ts";
import { API_PATH, TaskParams } from "./operation-parts.ts";

/** Why a task is not running, or what it is at. */
export const diagnoseTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/diagnosis`,
  summary: "Why a task is not running, or what it is at",
  access: "task-read",
  params: TaskParams,
  responses: { 200: Diagnosis },
  problems: ["task-not-found"],
});

/** Who had a task when, and what came of it, oldest first. */
export const listAttempts = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/attempts`,
  summary: "Who had a task when, and what came of it, oldest first",
  access: "task-read",
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(Attempt).describe("the newest 200") }) },
  problems: ["task-not-found"],
});
