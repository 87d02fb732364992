import * as z from "zod";
import { Job, JobRegistration } from "./jobs.ts";
import { JsonObject } from "./json.ts";
import { operation } from "./operation.ts";
import { API_PATH, RoomJobParams, RoomParams } from "./operation-parts.ts";
import { createPageSchema, PageQuery } from "./page.ts";
import { FieldError } from "./problem.ts";
import { JobTaskQuery, TaskPage } from "./tasks/list.ts";

/** Registers a job in a room. */
export const registerJob = operation({
  method: "PUT",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "Register a job in a room; a conflicting schema is rejected",
  access: "room-register",
  params: RoomParams,
  body: JobRegistration,
  exactMembers: ["schema", "result_schema"],
  responses: { 200: Job, 201: Job },
  problems: ["invalid-room-id", "invalid-category", "schema-conflict", "worker-not-found"],
});

/** Lists the jobs that are visible in a room. */
export const listJobs = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "List the jobs that are visible in a room: its own and the global ones",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Job) },
  problems: ["invalid-room-id"],
});

/** Reads a job that is visible in a room. */
export const readJob = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name`,
  summary: "Get a job that is visible in a room",
  access: "room-read",
  params: RoomJobParams,
  responses: { 200: Job },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** Lists a job's tasks in a room. */
export const listJobTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/tasks`,
  summary: "List a job's tasks in a room",
  access: "room-read",
  params: RoomJobParams,
  query: JobTaskQuery,
  responses: { 200: TaskPage },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** Validates a payload against a job's schema, as a submit does. */
export const validatePayload = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/validation`,
  summary: "Validate a payload against a job's schema without submitting it",
  access: "room-read",
  params: RoomJobParams,
  body: z.object({ payload: JsonObject }),
  responses: { 200: z.object({ errors: z.array(FieldError).describe("empty if the payload is valid") }) },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});
