import { operation } from "./operation.ts";
import { API_PATH, RoomParams, WAIT_HEADER, WorkerParams } from "./operation-parts.ts";
import { PageQuery, pageOf } from "./page.ts";
import {
  Heartbeat,
  HeartbeatAnswer,
  NewWorker,
  ReleasedTasks,
  TaskRelease,
  Worker,
  WorkerCreation,
  WorkerDetails,
} from "./worker.ts";

/** Make a worker. */
export const createWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers`,
  summary: "Make a worker",
  access: "user",
  body: WorkerCreation,
  bodyOptional: true,
  responses: { 201: NewWorker },
  problems: [],
});

/** A sign of life, answered with the tasks to let go of. */
export const heartbeat = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "A sign of life, answered with the tasks to let go of",
  access: "worker-owner",
  params: WorkerParams,
  body: Heartbeat,
  bodyOptional: true,
  headers: WAIT_HEADER,
  responses: { 200: HeartbeatAnswer },
  problems: ["worker-not-found"],
});

/** The caller's workers; an admin sees all. */
export const listWorkers = operation({
  method: "GET",
  path: `${API_PATH}/workers`,
  summary: "The caller's workers; an admin sees all",
  access: "user",
  query: PageQuery,
  responses: { 200: pageOf(Worker) },
  problems: [],
});

/** The workers that serve a room. */
export const listRoomWorkers = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/workers`,
  summary: "The workers that serve a room",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: pageOf(Worker) },
  problems: ["invalid-room-id"],
});

/** A worker, what it can do, and what it does now. */
export const readWorker = operation({
  method: "GET",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "A worker, what it can do, and what it does now",
  access: "worker-read",
  params: WorkerParams,
  responses: { 200: WorkerDetails },
  problems: ["worker-not-found"],
});

/** Give a worker no task any more: it ends what it holds, and goes. */
export const drainWorker = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/drain`,
  summary: "Give a worker no task any more: it ends what it holds, and goes",
  access: "worker-owner",
  params: WorkerParams,
  responses: { 200: WorkerDetails },
  problems: ["worker-not-found"],
});

/** Give back claimed tasks that were not started. */
export const releaseTasks = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/release`,
  summary: "Give back claimed tasks that were not started",
  access: "worker-owner",
  params: WorkerParams,
  body: TaskRelease,
  responses: { 200: ReleasedTasks },
  problems: ["worker-not-found"],
});

/** Leave: what the worker held fails or is offered again. */
export const removeWorker = operation({
  method: "DELETE",
  path: `${API_PATH}/workers/:worker_id`,
  summary: "Leave: what the worker held fails or is offered again",
  access: "worker-owner",
  params: WorkerParams,
  responses: { 204: null },
  problems: ["worker-not-found"],
});
