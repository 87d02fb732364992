import * as z from "zod";
import { Adoption, LateResult } from "./late-result.ts";
import { LogPage, LogQuery } from "./log.ts";
import { operation } from "./operation.ts";
import {
  API_PATH,
  RETURN_HEADER,
  RoomJobParams,
  RoomParams,
  TaskParams,
  WAIT_HEADER,
  WorkerParams,
} from "./operation-parts.ts";
import { ProblemDocument } from "./problem.ts";
import {
  AlikeTasks,
  BriefSubmitResults,
  ClaimManyRequest,
  ClaimRequest,
  MovedTask,
  SubmitResults,
  SubmittedTask,
  SubmittedTasks,
  Task,
  TaskSubmission,
  TaskSubmissions,
  TaskSubmits,
  TaskUpdate,
  TaskUpdates,
} from "./task.ts";
import { RoomTaskQuery, TaskPage } from "./task-filter.ts";

/** Submit a task. */
export const submitTask = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks/:job_name`,
  summary: "Submit a task",
  access: "room-write",
  params: RoomJobParams,
  body: TaskSubmission,
  bodyOptional: true,
  headers: { "idempotency-key": "1–255 characters; the same key and body give the same task" },
  responses: { 200: SubmittedTask, 202: SubmittedTask },
  problems: [
    "invalid-room-id",
    "invalid-job-name",
    "job-not-found",
    "no-workers-available",
    "idempotency-conflict",
  ],
});

/** Submit many tasks, all or none. */
export const submitTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "Submit many tasks, all or none",
  access: "room-write",
  params: RoomParams,
  body: TaskSubmissions,
  headers: RETURN_HEADER,
  responses: { 202: SubmittedTasks },
  minimal: { 202: AlikeTasks },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found", "no-workers-available"],
});

/** Many submits in one request: each by itself, with a key of its own. */
export const submitEach = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/submits`,
  summary: "Many submits in one request, each by itself and with a key of its own",
  access: "room-write",
  params: RoomParams,
  body: TaskSubmits,
  headers: RETURN_HEADER,
  responses: { 200: SubmitResults },
  minimal: { 200: BriefSubmitResults },
  problems: ["invalid-room-id"],
});

/** A room's tasks. */
export const listRoomTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "A room's tasks",
  access: "room-read",
  params: RoomParams,
  query: RoomTaskQuery,
  responses: { 200: TaskPage },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

const Draining = z.boolean().optional().describe("true: the worker is given no task any more");

/** A worker's next task. */
export const claimTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/claim`,
  summary: "A worker's next task",
  access: "worker-owner",
  body: ClaimRequest,
  headers: WAIT_HEADER,
  responses: { 200: z.object({ task: Task.nullable(), draining: Draining }) },
  problems: ["worker-not-found"],
});

/** A worker's next tasks, many at once. */
export const claimTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/claims`,
  summary: "A worker's next tasks, many at once",
  access: "worker-owner",
  params: WorkerParams,
  body: ClaimManyRequest,
  headers: WAIT_HEADER,
  responses: { 200: z.object({ tasks: z.array(Task), draining: Draining }) },
  problems: ["worker-not-found"],
});

/** A task; with `Prefer: wait=N` once it has come to its end. */
export const readTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "A task; with `Prefer: wait=N` once it has come to its end",
  access: "task-read",
  params: TaskParams,
  headers: { ...WAIT_HEADER, "if-none-match": "an ETag: 304 while the task is still the same" },
  responses: { 200: Task, 304: null },
  problems: ["task-not-found"],
});

/** A step in a task's life, or its progress. */
export const updateTask = operation({
  method: "PATCH",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "A step in a task's life, or its progress",
  access: "task-update",
  params: TaskParams,
  body: TaskUpdate,
  responses: { 200: Task },
  problems: ["task-not-found", "task-lost", "invalid-task-transition"],
});

/** Many steps of one worker's tasks; one that fails does not hold up the others. */
export const updateTasks = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id/tasks`,
  summary: "Many steps of one worker's tasks; one that fails does not hold up the others",
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
      results: z.array(z.union([MovedTask, z.object({ id: z.string(), problem: ProblemDocument })])),
    }),
  },
  problems: ["worker-not-found"],
});

/** What workers that had been given up came to, last first. */
export const listLateResults = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/late_results`,
  summary: "What workers that had been given up came to, last first",
  access: "task-submitter",
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(LateResult) }) },
  problems: ["task-not-found"],
});

/** Complete a task with a late result. */
export const adoptLateResult = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/adopt`,
  summary: "Complete a task with a late result, unless it is completed",
  access: "task-submitter",
  params: TaskParams,
  body: Adoption,
  bodyOptional: true,
  responses: { 200: Task },
  problems: ["task-not-found", "invalid-task-transition"],
});

/** Open a failed or cancelled task again. */
export const retryTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/retry`,
  summary: "Open a failed or cancelled task again",
  access: "task-submitter",
  params: TaskParams,
  responses: { 200: Task },
  problems: ["task-not-found", "job-not-found", "invalid-task-transition"],
});

/** A task's log. */
export const readTaskLogs = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/logs`,
  summary: "A task's log",
  access: "task-read",
  params: TaskParams,
  query: LogQuery,
  responses: { 200: LogPage },
  problems: ["task-not-found"],
});
