import * as z from "zod";
import { operation } from "../operation.ts";
import {
  API_PATH,
  RETURN_HEADER,
  RoomJobParams,
  RoomParams,
  TaskParams,
  WAIT_HEADER,
  WorkerParams,
} from "../operation-parts.ts";
import { ProblemDocument } from "../problem.ts";
import { TRACE_HEADERS } from "../tracing/trace-context.ts";
import { Adoption, LateResult } from "./late-results.ts";
import { RoomTaskQuery, TaskPage } from "./list.ts";
import { LogPage, LogQuery } from "./log.ts";
import {
  BatchClaimRequest,
  ClaimRequest,
  MinimalSubmitBatchResults,
  MinimalSubmittedTasks,
  MinimalTaskUpdate,
  SubmitBatch,
  SubmitBatchResults,
  SubmittedTask,
  SubmittedTasks,
  Task,
  TaskSubmission,
  TaskSubmissions,
  TaskUpdate,
  TaskUpdates,
} from "./task.ts";

/** Submits a task. */
export const submitTask = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks/:job_name`,
  summary: "Submit a task",
  access: "room-write",
  params: RoomJobParams,
  body: TaskSubmission,
  bodyOptional: true,
  headers: {
    "idempotency-key":
      "1–255 characters; a repeated request with the same key and body returns the same task",
    ...TRACE_HEADERS,
  },
  responses: { 200: SubmittedTask, 202: SubmittedTask },
  problems: [
    "invalid-room-id",
    "invalid-job-name",
    "job-not-found",
    "no-workers-available",
    "idempotency-conflict",
  ],
});

/** Submits many tasks in one transaction. */
export const submitTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "Submit many tasks atomically: all or none",
  access: "room-write",
  params: RoomParams,
  body: TaskSubmissions,
  headers: { ...RETURN_HEADER, ...TRACE_HEADERS },
  responses: { 202: SubmittedTasks },
  minimal: { 202: MinimalSubmittedTasks },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found", "no-workers-available"],
});

/** Submits many independent tasks in one request. */
export const submitBatch = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/submits`,
  summary: "Submit many independent tasks in one request, each with its own idempotency key and result",
  access: "room-write",
  params: RoomParams,
  body: SubmitBatch,
  headers: RETURN_HEADER,
  responses: { 200: SubmitBatchResults },
  minimal: { 200: MinimalSubmitBatchResults },
  problems: ["invalid-room-id"],
});

/** Lists a room's tasks. */
export const listRoomTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "List a room's tasks",
  access: "room-read",
  params: RoomParams,
  query: RoomTaskQuery,
  responses: { 200: TaskPage },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

const Draining = z.boolean().optional().describe("true if the worker is draining and gets no new tasks");

/** Claims a worker's next task. */
export const claimTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/claim`,
  summary: "Claim the next task for a worker",
  access: "worker-owner",
  body: ClaimRequest,
  headers: WAIT_HEADER,
  responses: { 200: z.object({ task: Task.nullable(), draining: Draining }) },
  problems: ["worker-not-found"],
});

/** Claims up to `limit` tasks for a worker. */
export const claimTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/claims`,
  summary: "Claim several tasks for a worker",
  access: "worker-owner",
  params: WorkerParams,
  body: BatchClaimRequest,
  headers: WAIT_HEADER,
  responses: { 200: z.object({ tasks: z.array(Task), draining: Draining }) },
  problems: ["worker-not-found"],
});

/** Reads a task; with `Prefer: wait=N` when it has ended. */
export const readTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "Get a task; with `Prefer: wait=N`, wait for its end",
  access: "task-read",
  params: TaskParams,
  headers: { ...WAIT_HEADER, "if-none-match": "an ETag; the response is 304 if the task has not changed" },
  responses: { 200: Task, 304: null },
  problems: ["task-not-found"],
});

/** Changes a task's status or reports its progress. */
export const updateTask = operation({
  method: "PATCH",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "Change a task's status, or report its progress",
  access: "task-update",
  params: TaskParams,
  body: TaskUpdate,
  responses: { 200: Task },
  problems: ["task-not-found", "task-lost", "invalid-task-transition"],
});

/** Updates many tasks of one worker, independently of each other. */
export const updateTasks = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id/tasks`,
  summary: "Update many tasks of one worker; each update succeeds or fails on its own",
  access: "worker-owner",
  params: WorkerParams,
  body: TaskUpdates,
  headers: RETURN_HEADER,
  responses: {
    200: z.object({
      results: z.array(
        z.union([
          z.object({ id: z.string(), task: Task }),
          z.object({ id: z.string(), problem: ProblemDocument }),
        ]),
      ),
    }),
  },
  minimal: {
    200: z.object({
      results: z.array(z.union([MinimalTaskUpdate, z.object({ id: z.string(), problem: ProblemDocument })])),
    }),
  },
  problems: ["worker-not-found"],
});

/** Lists a task's late results, newest first. */
export const listLateResults = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/late_results`,
  summary: "List a task's late results, newest first",
  access: "task-submitter",
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(LateResult) }) },
  problems: ["task-not-found"],
});

/** Completes a task with a late result. */
export const adoptLateResult = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/adopt`,
  summary: "Complete a task with a late result, unless it is already completed",
  access: "task-submitter",
  params: TaskParams,
  body: Adoption,
  bodyOptional: true,
  responses: { 200: Task },
  problems: ["task-not-found", "invalid-task-transition"],
});

/** Retries a failed or cancelled task. */
export const retryTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/retry`,
  summary: "Retry a failed or cancelled task",
  access: "task-submitter",
  params: TaskParams,
  responses: { 200: Task },
  problems: ["task-not-found", "job-not-found", "invalid-task-transition"],
});

/** Reads a task's log. */
export const readTaskLogs = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/logs`,
  summary: "Get a task's log",
  access: "task-read",
  params: TaskParams,
  query: LogQuery,
  responses: { 200: LogPage },
  problems: ["task-not-found"],
});
