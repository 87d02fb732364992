import * as z from "zod";
import { NamePart } from "./job-name.ts";
import { JsonObject } from "./json.ts";
import { TaskDefaults } from "./task.ts";
import { Timestamp } from "./timestamp.ts";

/** Whose task is next: the oldest of all, or each room's oldest in turn. */
export const Fairness = z.enum(["fifo", "room"]);
export type Fairness = z.infer<typeof Fairness>;

/** What a worker says of a job that it can run. */
export const JobRegistration = z.object({
  category: z.string().describe("1–128 of A-Z a-z 0-9 _ . -"),
  name: NamePart,
  schema: JsonObject.describe("JSON Schema of the payload, draft 4 to 2020-12"),
  result_schema: JsonObject.nullable().optional().describe("checked when a task completes"),
  worker_id: z.string().max(128).optional().describe("linked to the job; without it a worker is made"),
  description: z.string().max(10_000).nullable().optional(),
  defaults: TaskDefaults.optional().describe("options of its tasks that a submit does not name"),
  fairness: Fairness.optional().describe("room: of tasks of one priority, rooms take turns; fifo"),
});
export type JobRegistration = z.infer<typeof JobRegistration>;

/** A job as every answer shows it. */
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
  fairness: Fairness.optional().describe("left out where it is fifo"),
  workers: z.array(z.string()).describe("those that are alive"),
  pending: z.int(),
  worker_id: z.string().nullable().describe("who registered it just now; null when it is only read"),
  created_at: Timestamp,
});
export type Job = z.infer<typeof Job>;
