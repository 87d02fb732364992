import * as z from "zod";
import { API_PATH, createWaitHeader, operation } from "../operation.ts";
import { WorkerParams } from "../workers.ts";
import { Task } from "./task.ts";

export const MAX_TASKS_PER_CLAIM = 100;

export const ClaimRequest = z.object({
  worker_id: z.string().max(128),
  start: z.boolean().optional().describe("start the task immediately, so that it is returned as running"),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

export const BatchClaimRequest = z.object({
  limit: z.int().min(1).max(MAX_TASKS_PER_CLAIM),
  start: z.boolean().optional().describe("start the tasks immediately, so that they are returned as running"),
});
export type BatchClaimRequest = z.infer<typeof BatchClaimRequest>;

const Draining = z.boolean().optional().describe("true if the worker is draining and gets no new tasks");

export const claimTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/claim`,
  summary: "Claim the next task for a worker",
  access: "worker-owner",
  retryable: true,
  body: ClaimRequest,
  headers: createWaitHeader("a task can be claimed"),
  responses: { 200: z.object({ task: Task.nullable(), draining: Draining }) },
  responseDescriptions: { 200: "The claimed task, or null if there was none." },
  problems: ["worker-not-found"],
});

export const claimTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/claims`,
  summary: "Claim up to `limit` tasks for a worker",
  access: "worker-owner",
  retryable: true,
  params: WorkerParams,
  body: BatchClaimRequest,
  headers: createWaitHeader("a task can be claimed"),
  responses: { 200: z.object({ tasks: z.array(Task), draining: Draining }) },
  responseDescriptions: { 200: "The claimed tasks; empty if there were none." },
  problems: ["worker-not-found"],
});

export const claimOperations = { claimTask, claimTasks } as const;
