import * as z from "zod";
import { Progress } from "./task.ts";
import { TaskStatus } from "./task-status.ts";
import { Timestamp } from "./timestamp.ts";

/** How many tasks a heartbeat may name. */
export const MAX_TASKS_PER_HEARTBEAT = 10_000;

const TaskIds = z.array(z.string().max(128)).max(MAX_TASKS_PER_HEARTBEAT);

/** A worker to be made. */
export const WorkerCreation = z.object({
  name: z.string().max(255).nullable().optional().describe("a label for people: `host:pid`"),
});
export type WorkerCreation = z.infer<typeof WorkerCreation>;

/** A worker as it was just made. */
export const NewWorker = z.object({
  id: z.string(),
  name: z.string().nullable(),
  last_heartbeat: Timestamp,
  heartbeat_seconds: z.number().describe("how often to beat"),
});
export type NewWorker = z.infer<typeof NewWorker>;

/** A worker as lists show it. */
export const Worker = z.object({
  id: z.string(),
  name: z.string().nullable(),
  last_heartbeat: Timestamp,
  job_count: z.int(),
  task_count: z.int().describe("claimed and running"),
  alive: z.boolean(),
  draining: z.boolean().optional().describe("it is given no task any more, and ends what it holds"),
});
export type Worker = z.infer<typeof Worker>;

/** How many of a worker's tasks are shown with it. */
export const MOST_TASKS_SHOWN = 100;

/** A worker with what it can do and what it does, as far as the caller may see that. */
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
    .describe("claimed and running, the longest first, 100 at most"),
});
export type WorkerDetails = z.infer<typeof WorkerDetails>;

/** A sign of life; `tasks` are all that the worker believes it holds. */
export const Heartbeat = z.object({
  tasks: TaskIds.optional(),
  draining: z.boolean().optional().describe("it knows that it drains: the answer need not come for that"),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** Why a worker should let go of a task. */
export const StopReason = z.enum(["cancelled", "timed_out", "lost"]);
export type StopReason = z.infer<typeof StopReason>;

/** The answer to a heartbeat: what the worker holds no longer. */
export const HeartbeatAnswer = z.object({
  id: z.string(),
  last_heartbeat: Timestamp,
  heartbeat_seconds: z.number(),
  stop: z.array(z.object({ task_id: z.string(), reason: StopReason })),
  draining: z.boolean().optional().describe("true: it is given no task any more"),
});
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>;

/** Claimed tasks that a worker did not start and gives back. */
export const TaskRelease = z.object({ tasks: TaskIds });
export type TaskRelease = z.infer<typeof TaskRelease>;

/** What was given back. */
export const ReleasedTasks = z.object({ released: z.array(z.string()) });
