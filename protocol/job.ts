import * as z from "zod";
import { NamePart } from "./job-name.ts";
import { JsonObject } from "./json.ts";
import { TaskDefaults } from "./task.ts";
import { Timestamp } from "./timestamp.ts";

/** The order in which a job's tasks are claimed. `fifo`: the oldest first. `room`: rooms take turns. */
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
    .describe("results are validated against it when a task completes"),
  worker_id: z
    .string()
    .max(128)
    .nullable()
    .optional()
    .describe("the worker to link to the job; the server creates one if it is missing or null"),
  description: z.string().max(10_000).nullable().optional(),
  defaults: TaskDefaults.optional().describe("default options of the job's tasks"),
  fairness: Fairness.optional().describe(
    "`room`: tasks of different rooms alternate within a priority; `fifo` (default): oldest first",
  ),
});

/**
 * Parses a worker's registration of a job. This is the only code that handles what ZnDraw's client sends
 * differently: `schema_` for `schema`, no schema for `{}`, and a `worker_id` of null (docs/zndraw.md).
 */
export const JobRegistration = JobRegistrationBody.transform(
  ({ schema, schema_, worker_id, ...registration }) => ({
    ...registration,
    schema: schema ?? schema_ ?? {},
    ...(worker_id != null && { worker_id }),
  }),
);
export type JobRegistration = z.output<typeof JobRegistration>;

/** A job, as all responses contain it. */
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
  pending: z.int(),
  worker_id: z
    .string()
    .nullable()
    .describe("the worker that registered the job with this request; null in other responses"),
  created_at: Timestamp,
});
export type Job = z.infer<typeof Job>;
