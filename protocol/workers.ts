import * as z from "zod";
import { API_PATH, createWaitHeader, operation } from "./operation.ts";
import { createPageSchema, PageQuery } from "./page.ts";
import { RoomParams } from "./rooms.ts";
import { TaskStatus } from "./tasks/status.ts";
import { Progress } from "./tasks/task.ts";
import { Timestamp } from "./time.ts";

export const WorkerParams = z.object({ worker_id: z.string() });

export const MAX_TASKS_PER_HEARTBEAT = 10_000;

const TaskIds = z.array(z.string().max(128)).max(MAX_TASKS_PER_HEARTBEAT);

export const CreateWorkerRequest = z.object({
  name: z.string().max(255).nullable().optional().describe("a display name, for example `host:pid`"),
});
export type CreateWorkerRequest = z.infer<typeof CreateWorkerRequest>;

export const NewWorker = z.object({
  id: z.string(),
  name: z.string().nullable(),
  last_heartbeat: Timestamp,
  heartbeat_seconds: z.number().describe("seconds between heartbeats"),
});
export type NewWorker = z.infer<typeof NewWorker>;

export const Worker = z.object({
  id: z.string(),
  name: z.string().nullable(),
  last_heartbeat: Timestamp,
  job_count: z.int(),
  task_count: z.int().describe("number of claimed and running tasks"),
  online: z
    .boolean()
    .describe(
      "true if the server received a request from the worker within the time in the server's setting JOBLIB_WORKER_TIMEOUT_SECONDS",
    ),
  draining: z
    .boolean()
    .optional()
    .describe("true if the worker gets no new tasks and stops after its current ones"),
});
export type Worker = z.infer<typeof Worker>;

export const MAX_TASKS_SHOWN = 100;

/** A worker with those of its jobs and tasks that the caller can read. */
export const WorkerDetails = Worker.extend({
  draining: z.boolean(),
  jobs: z.array(z.object({ room_id: z.string(), job_name: z.string() })),
  tasks: z
    .array(
      z.object({
        id: z.string(),
        job_name: z.string(),
        room_id: z.string(),
        status: TaskStatus,
        claimed_at: Timestamp,
        started_at: Timestamp.nullable(),
        progress: Progress.nullable(),
      }),
    )
    .describe("claimed and running tasks, oldest first, at most 100"),
});
export type WorkerDetails = z.infer<typeof WorkerDetails>;

/**
 * A heartbeat. `tasks` lists all tasks whose lease the worker has, as far as the worker knows.
 */
export const Heartbeat = z.object({
  tasks: TaskIds.optional().describe(
    "ids of all claimed and running tasks of the worker. If a task is missing here, the server assumes that the worker never received it: it requeues the task, or fails it if it was started and has no attempts left. Exception: tasks that were claimed less than JOBLIB_CLAIM_GRACE_SECONDS (a setting of the server) ago. Without this member, the server does not look for missing tasks.",
  ),
  draining: z
    .boolean()
    .optional()
    .describe(
      "true if an earlier response has told this worker to drain. The long poll then ends only when a task must be stopped, or after its time. Without this member, the server responds to a draining worker immediately.",
    ),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

export const StopReason = z.enum(["cancelled", "timed_out", "lost"]);
export type StopReason = z.infer<typeof StopReason>;

/** The response to a heartbeat. It lists the tasks that the worker must stop. */
export const HeartbeatResponse = z.object({
  id: z.string(),
  last_heartbeat: Timestamp,
  heartbeat_seconds: z.number(),
  stop: z.array(
    z.object({
      task_id: z.string(),
      reason: StopReason.describe("lost: the worker no longer has the lease on the task"),
    }),
  ),
  draining: z.boolean().optional().describe("true if the worker is draining and gets no new tasks"),
});
export type HeartbeatResponse = z.infer<typeof HeartbeatResponse>;

/** Claimed tasks that a worker requeues without starting them. */
export const TaskRelease = z.object({ tasks: TaskIds });
export type TaskRelease = z.infer<typeof TaskRelease>;

export const ReleasedTasks = z.object({ released: z.array(z.string()) });

export const createWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers`,
  summary: "Create a worker",
  access: "user",
  retryable: true,
  body: CreateWorkerRequest,
  bodyOptional: true,
  responses: { 201: NewWorker },
  responseDescriptions: { 201: "The worker was created." },
  problems: [],
});

export const heartbeat = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Send a heartbeat; the response lists the tasks that the worker must stop",
  access: "worker-owner",
  retryable: true,
  params: WorkerParams,
  body: Heartbeat,
  bodyOptional: true,
  headers: createWaitHeader("a task must be stopped or the worker must drain"),
  responses: { 200: HeartbeatResponse },
  responseDescriptions: { 200: "The tasks that the worker must stop, and whether it is draining." },
  problems: ["worker-not-found"],
});

export const listWorkers = operation({
  method: "GET",
  path: `${API_PATH}/workers`,
  summary: "List the caller's workers; for an admin, all workers",
  access: "user",
  query: PageQuery,
  responses: { 200: createPageSchema(Worker) },
  responseDescriptions: { 200: "A page of workers." },
  problems: [],
});

export const listRoomWorkers = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/workers`,
  summary: "List the workers for the jobs that are visible in a room",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Worker) },
  responseDescriptions: { 200: "A page of workers." },
  problems: ["invalid-room-id"],
});

export const readWorker = operation({
  method: "GET",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Get a worker with its jobs and its tasks",
  access: "worker-read",
  params: WorkerParams,
  responses: { 200: WorkerDetails },
  responseDescriptions: { 200: "The worker." },
  problems: ["worker-not-found"],
});

export const drainWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/drain`,
  summary: "Drain a worker: let it finish its tasks, then stop it",
  access: "worker-end",
  retryable: true,
  params: WorkerParams,
  responses: { 200: WorkerDetails },
  responseDescriptions: { 200: "The draining worker." },
  problems: ["worker-not-found"],
});

export const releaseTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/release`,
  summary: "Release claimed tasks that were not started: they become pending again",
  access: "worker-owner",
  retryable: true,
  params: WorkerParams,
  body: TaskRelease,
  responses: { 200: ReleasedTasks },
  responseDescriptions: { 200: "The ids of the tasks that were requeued." },
  problems: ["worker-not-found"],
});

export const removeWorker = operation({
  method: "DELETE",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Remove a worker; its running tasks fail or are retried, and its claimed tasks are requeued",
  access: "worker-end",
  params: WorkerParams,
  responses: { 204: null },
  responseDescriptions: { 204: "The worker was removed." },
  problems: ["worker-not-found"],
});

export const workerOperations = {
  createWorker,
  heartbeat,
  listWorkers,
  listRoomWorkers,
  readWorker,
  drainWorker,
  releaseTasks,
  removeWorker,
} as const;
