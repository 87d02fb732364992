import * as z from "zod";
import { Job, JobRegistration } from "./job.ts";
import { JsonObject } from "./json.ts";
import { operation } from "./operation.ts";
import { API_PATH, RoomJobParams, RoomParams } from "./operation-parts.ts";
import { PageQuery, pageOf } from "./page.ts";
import { FieldError } from "./problem.ts";
import { JobTaskQuery, TaskPage } from "./task-filter.ts";

/** Register a job in a room; a schema that differs is refused. */
export const registerJob = operation({
  method: "PUT",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "Register a job in a room; a schema that differs is refused",
  access: "room-register",
  params: RoomParams,
  body: JobRegistration,
  exactMembers: ["schema", "result_schema"],
  responses: { 200: Job, 201: Job },
  problems: ["invalid-room-id", "invalid-category", "schema-conflict", "worker-not-found"],
});

/** The jobs that are seen from a room: its own and the global ones. */
export const listJobs = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "The jobs that are seen from a room: its own and the global ones",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: pageOf(Job) },
  problems: ["invalid-room-id"],
});

/** One job that is seen from a room. */
export const readJob = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name`,
  summary: "One job that is seen from a room",
  access: "room-read",
  params: RoomJobParams,
  responses: { 200: Job },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** A job's tasks in a room. */
export const listJobTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/tasks`,
  summary: "A job's tasks in a room",
  access: "room-read",
  params: RoomJobParams,
  query: JobTaskQuery,
  responses: { 200: TaskPage },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** What of a payload does not fit a job, by the check of a submit. */
export const validatePayload = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/validation`,
  summary: "What of a payload does not fit a job, by the check of a submit",
  access: "room-read",
  params: RoomJobParams,
  body: z.object({ payload: JsonObject }),
  responses: { 200: z.object({ errors: z.array(FieldError).describe("none: it fits") }) },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});
