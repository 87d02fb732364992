import * as z from "zod";
import { NamePart, RoomJobParams } from "./job-name.ts";
import { JsonObject } from "./json.ts";
import { API_PATH, operation } from "./operation.ts";
import { createPageSchema, PageQuery } from "./page.ts";
import { FieldError } from "./problem.ts";
import { RoomParams } from "./rooms.ts";
import { JobTaskQuery, TaskPage } from "./tasks/list.ts";
import { TaskDefaults } from "./tasks/submit.ts";
import { Timestamp } from "./time.ts";

/**
 * The order in which a job's tasks are claimed. `fifo`: the oldest first. `room`: the tasks of
 * different rooms alternate.
 */
export const Fairness = z.enum(["fifo", "room"]);
export type Fairness = z.infer<typeof Fairness>;

const JobRegistrationBody = z.object({
  category: z.string().describe("1–128 characters from A-Z a-z 0-9 _ . -"),
  name: NamePart,
  schema: JsonObject.optional().meta({
    description: "JSON Schema of the payload, draft 4 to 2020-12; `{}` if it is missing",
  }),
  schema_: JsonObject.optional().meta({
    deprecated: true,
    description: "alias of `schema` for ZnDraw's Python client; ignored if `schema` is present",
  }),
  result_schema: JsonObject.nullable()
    .optional()
    .describe("JSON Schema of the result; the server validates a result against it when a task completes"),
  worker_id: z
    .string()
    .max(128)
    .nullable()
    .optional()
    .describe(
      "the worker that will run the job's tasks; if it is missing or null, the server creates a worker",
    ),
  description: z.string().max(10_000).nullable().optional(),
  defaults: TaskDefaults.optional().describe("default options of the job's tasks"),
  fairness: Fairness.optional().describe(
    "`room`: tasks of different rooms alternate within a priority; `fifo` (default): oldest first",
  ),
});

/**
 * Parses a worker's registration of a job. ZnDraw's client sends `schema_` instead of `schema`, no
 * schema instead of `{}`, and null as `worker_id` (docs/zndraw.md). Only this code handles these
 * differences.
 */
export const JobRegistration = JobRegistrationBody.transform(
  ({ schema, schema_, worker_id, ...registration }) => ({
    ...registration,
    schema: schema ?? schema_ ?? {},
    ...(worker_id != null && { worker_id }),
  }),
);
export type JobRegistration = z.output<typeof JobRegistration>;

export const Job = z.object({
  id: z.string(),
  room_id: z.string(),
  category: z.string(),
  name: z.string(),
  full_name: z.string(),
  schema: JsonObject,
  result_schema: JsonObject.nullable(),
  description: z.string().nullable(),
  defaults: TaskDefaults,
  fairness: Fairness.optional().describe("omitted if it is `fifo`"),
  workers: z.array(z.string()).describe("ids of the online workers"),
  pending: z.int().describe("number of pending tasks"),
  worker_id: z
    .string()
    .nullable()
    .describe("the worker that registered the job with this request; null in other responses"),
  created_at: Timestamp,
});
export type Job = z.infer<typeof Job>;

export const registerJob = operation({
  method: "PUT",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "Register a job in a room; fails if the job is registered with a different schema",
  access: "room-register",
  params: RoomParams,
  body: JobRegistration,
  exactMembers: ["schema", "result_schema"],
  responses: { 200: Job, 201: Job },
  responseDescriptions: {
    200: "The job was already registered with the same schema.",
    201: "The job was registered.",
  },
  problems: ["invalid-room-id", "invalid-category", "schema-conflict", "worker-not-found"],
});

export const listJobs = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs`,
  summary: "List the jobs that are visible in a room: its own jobs and the public jobs",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Job) },
  responseDescriptions: { 200: "A page of jobs." },
  problems: ["invalid-room-id"],
});

export const readJob = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name`,
  summary: "Get a job that is visible in a room",
  access: "room-read",
  params: RoomJobParams,
  responses: { 200: Job },
  responseDescriptions: { 200: "The job." },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

export const listJobTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/tasks`,
  summary: "List a job's tasks in a room",
  access: "room-read",
  params: RoomJobParams,
  query: JobTaskQuery,
  responses: { 200: TaskPage },
  responseDescriptions: { 200: "A page of tasks." },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

export const validatePayload = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/jobs/:job_name/validation`,
  summary: "Validate a payload against a job's schema without submitting a task",
  access: "room-read",
  retryable: true,
  params: RoomJobParams,
  body: z.object({ payload: JsonObject }),
  responses: { 200: z.object({ errors: z.array(FieldError).describe("empty if the payload is valid") }) },
  responseDescriptions: { 200: "The errors of the payload." },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

export const jobOperations = { registerJob, listJobs, readJob, listJobTasks, validatePayload } as const;
