import { operation } from "./operation.ts";
import { API_PATH, RoomParams, WAIT_HEADER, WorkerParams } from "./operation-parts.ts";
import { createPageSchema, PageQuery } from "./page.ts";
import {
  CreateWorkerRequest,
  Heartbeat,
  HeartbeatResponse,
  NewWorker,
  ReleasedTasks,
  TaskRelease,
  Worker,
  WorkerDetails,
} from "./workers.ts";

/** Creates a worker. */
export const createWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers`,
  summary: "Create a worker",
  access: "user",
  body: CreateWorkerRequest,
  bodyOptional: true,
  responses: { 201: NewWorker },
  problems: [],
});

/** Reports that a worker is alive, and returns the tasks that it must stop. */
export const heartbeat = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Send a heartbeat; the response lists the tasks that the worker must stop",
  access: "worker-owner",
  params: WorkerParams,
  body: Heartbeat,
  bodyOptional: true,
  headers: WAIT_HEADER,
  responses: { 200: HeartbeatResponse },
  problems: ["worker-not-found"],
});

/** Lists the caller's workers; for an admin, all workers. */
export const listWorkers = operation({
  method: "GET",
  path: `${API_PATH}/workers`,
  summary: "List the caller's workers; for an admin, all workers",
  access: "user",
  query: PageQuery,
  responses: { 200: createPageSchema(Worker) },
  problems: [],
});

/** Lists the workers that serve a room. */
export const listRoomWorkers = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/workers`,
  summary: "List the workers that serve a room",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Worker) },
  problems: ["invalid-room-id"],
});

/** Reads a worker with its jobs and its tasks. */
export const readWorker = operation({
  method: "GET",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Get a worker with its jobs and its tasks",
  access: "worker-read",
  params: WorkerParams,
  responses: { 200: WorkerDetails },
  problems: ["worker-not-found"],
});

/** Drains a worker: it finishes its tasks and then stops. */
export const drainWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/drain`,
  summary: "Drain a worker: let it finish its tasks, then stop it",
  access: "worker-owner",
  params: WorkerParams,
  responses: { 200: WorkerDetails },
  problems: ["worker-not-found"],
});

/** Requeues claimed tasks that were not started. */
export const releaseTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/release`,
  summary: "Requeue claimed tasks that were not started",
  access: "worker-owner",
  params: WorkerParams,
  body: TaskRelease,
  responses: { 200: ReleasedTasks },
  problems: ["worker-not-found"],
});

/** Removes a worker: its running tasks fail or are retried, and its claimed tasks are requeued. */
export const removeWorker = operation({
  method: "DELETE",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Remove a worker; its running tasks fail or are retried, and its claimed tasks are requeued",
  access: "worker-owner",
  params: WorkerParams,
  responses: { 204: null },
  problems: ["worker-not-found"],
});
