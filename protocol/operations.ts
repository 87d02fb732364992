import * as z from "zod";
import { Job, JobRegistration } from "./job.ts";
import { JobName } from "./job-name.ts";
import { operation } from "./operation.ts";
import { PageQuery, pageOf } from "./page.ts";
import { ProblemDescription, ProblemDocument } from "./problem.ts";
import { RoomId } from "./room.ts";
import {
  ClaimManyRequest,
  ClaimRequest,
  SubmittedTask,
  Task,
  TaskSubmission,
  TaskSubmissions,
  TaskUpdate,
  TaskUpdates,
} from "./task.ts";
import { TaskStatus } from "./task-status.ts";
import {
  Heartbeat,
  HeartbeatAnswer,
  NewWorker,
  ReleasedTasks,
  TaskRelease,
  Worker,
  WorkerCreation,
} from "./worker.ts";

/** Where the API stands, under the plugin's prefix. */
export const API_PATH = "/v1/joblib";

const room = z.object({ room_id: RoomId });
const roomJob = z.object({ room_id: RoomId, job_name: JobName });
const taskParams = z.object({ task_id: z.string() });
const workerParams = z.object({ worker_id: z.string() });

const WAIT = { prefer: "`wait=N`: hold the answer for N seconds at most (RFC 7240)" };

/** Register a job in a room. */
const registerJob = operation({
  method: "PUT",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "Register a job in a room; a schema that differs is refused",
  access: "room-register",
  params: room,
  body: JobRegistration,
  responses: { 200: Job, 201: Job },
  problems: ["invalid-room-id", "invalid-category", "schema-conflict", "worker-not-found"],
});

const listJobs = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "The jobs that are seen from a room: its own and the global ones",
  access: "room-read",
  params: room,
  query: PageQuery,
  responses: { 200: pageOf(Job) },
  problems: ["invalid-room-id"],
});

const readJob = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name`,
  summary: "One job that is seen from a room",
  access: "room-read",
  params: roomJob,
  responses: { 200: Job },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

const listJobTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/tasks`,
  summary: "A job's tasks in a room",
  access: "room-read",
  params: roomJob,
  query: PageQuery,
  responses: { 200: pageOf(Task) },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

const createWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers`,
  summary: "Make a worker",
  access: "user",
  body: WorkerCreation,
  bodyOptional: true,
  responses: { 201: NewWorker },
  problems: [],
});

const heartbeat = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "A sign of life, answered with the tasks to let go of",
  access: "worker-owner",
  params: workerParams,
  body: Heartbeat,
  bodyOptional: true,
  headers: WAIT,
  responses: { 200: HeartbeatAnswer },
  problems: ["worker-not-found"],
});

const listWorkers = operation({
  method: "GET",
  path: `${API_PATH}/workers`,
  summary: "The caller's workers; an admin sees all",
  access: "user",
  query: PageQuery,
  responses: { 200: pageOf(Worker) },
  problems: [],
});

const listRoomWorkers = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/workers`,
  summary: "The workers that serve a room",
  access: "room-read",
  params: room,
  query: PageQuery,
  responses: { 200: pageOf(Worker) },
  problems: ["invalid-room-id"],
});

const releaseTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/release`,
  summary: "Give back claimed tasks that were not started",
  access: "worker-owner",
  params: workerParams,
  body: TaskRelease,
  responses: { 200: ReleasedTasks },
  problems: ["worker-not-found"],
});

const removeWorker = operation({
  method: "DELETE",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Leave: what the worker held fails or is offered again",
  access: "worker-owner",
  params: workerParams,
  responses: { 204: null },
  problems: ["worker-not-found"],
});

const submitTask = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks/:job_name`,
  summary: "Submit a task",
  access: "room-write",
  params: roomJob,
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

const submitTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "Submit many tasks, all or none",
  access: "room-write",
  params: room,
  body: TaskSubmissions,
  responses: { 202: z.object({ tasks: z.array(SubmittedTask) }) },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found", "no-workers-available"],
});

const listRoomTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "A room's tasks",
  access: "room-read",
  params: room,
  query: PageQuery.extend({ status: TaskStatus.optional() }),
  responses: { 200: pageOf(Task) },
  problems: ["invalid-room-id"],
});

const claimTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/claim`,
  summary: "A worker's next task",
  access: "worker-owner",
  body: ClaimRequest,
  headers: WAIT,
  responses: { 200: z.object({ task: Task.nullable() }) },
  problems: ["worker-not-found"],
});

const claimTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/claims`,
  summary: "A worker's next tasks, many at once",
  access: "worker-owner",
  params: workerParams,
  body: ClaimManyRequest,
  headers: WAIT,
  responses: { 200: z.object({ tasks: z.array(Task) }) },
  problems: ["worker-not-found"],
});

const readTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "A task; with `Prefer: wait=N` once it has come to its end",
  access: "task-read",
  params: taskParams,
  headers: { ...WAIT, "if-none-match": "an ETag: 304 while the task is still the same" },
  responses: { 200: Task, 304: null },
  problems: ["task-not-found"],
});

const updateTask = operation({
  method: "PATCH",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "A step in a task's life, or its progress",
  access: "task-update",
  params: taskParams,
  body: TaskUpdate,
  responses: { 200: Task },
  problems: ["task-not-found", "task-lost", "invalid-task-transition"],
});

const updateTasks = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id/tasks`,
  summary: "Many steps of one worker's tasks; one that fails does not hold up the others",
  access: "worker-owner",
  params: workerParams,
  body: TaskUpdates,
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
  problems: ["worker-not-found"],
});

const retryTask = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/retry`,
  summary: "Open a failed or cancelled task again",
  access: "task-submitter",
  params: taskParams,
  responses: { 200: Task },
  problems: ["task-not-found", "job-not-found", "invalid-task-transition"],
});

const listProblems = operation({
  method: "GET",
  path: "/v1/problems",
  summary: "Every problem that the API answers",
  access: "anyone",
  responses: { 200: z.object({ items: z.array(ProblemDescription) }) },
  problems: [],
});

const readProblem = operation({
  method: "GET",
  path: "/v1/problems/:problem_id",
  summary: "What one problem means",
  access: "anyone",
  params: z.object({ problem_id: z.string() }),
  responses: { 200: ProblemDescription },
  problems: ["route-not-found"],
});

/** The whole API. */
export const operations = {
  registerJob,
  listJobs,
  readJob,
  listJobTasks,
  createWorker,
  heartbeat,
  listWorkers,
  listRoomWorkers,
  releaseTasks,
  removeWorker,
  submitTask,
  submitTasks,
  listRoomTasks,
  claimTask,
  claimTasks,
  readTask,
  updateTask,
  updateTasks,
  retryTask,
  listProblems,
  readProblem,
} as const;

/** The whole API, as a type. */
export type Operations = typeof operations;
/** An operation's name. */
export type OperationName = keyof Operations;
