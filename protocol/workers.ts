import * as z from "zod";
import { TaskStatus } from "./tasks/status.ts";
import { Progress } from "./tasks/task.ts";
import { Timestamp } from "./time.ts";

/** Maximum number of tasks in a heartbeat. */
export const MAX_TASKS_PER_HEARTBEAT = 10_000;

const TaskIds = z.array(z.string().max(128)).max(MAX_TASKS_PER_HEARTBEAT);

/** A request to create a worker. */
export const CreateWorkerRequest = z.object({
  name: z.string().max(255).nullable().optional().describe("a display name, for example `host:pid`"),
});
export type CreateWorkerRequest = z.infer<typeof CreateWorkerRequest>;

/** A new worker. */
export const NewWorker = z.object({
  id: z.string(),
  name: z.string().nullable(),
  last_heartbeat: Timestamp,
  heartbeat_seconds: z.number().describe("seconds between heartbeats"),
});
export type NewWorker = z.infer<typeof NewWorker>;

/** A worker in a list. */
export const Worker = z.object({
  id: z.string(),
  name: z.string().nullable(),
  last_heartbeat: Timestamp,
  job_count: z.int(),
  task_count: z.int().describe("number of claimed and running tasks"),
  alive: z.boolean(),
  draining: z
    .boolean()
    .optional()
    .describe("true if the worker gets no new tasks and stops after its current ones"),
});
export type Worker = z.infer<typeof Worker>;

/** Maximum number of tasks in a worker's details. */
export const MAX_TASKS_SHOWN = 100;

/** A worker with its jobs and tasks, as far as the caller may see them. */
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

/** A heartbeat; `tasks` lists all tasks that the worker believes it has. */
export const Heartbeat = z.object({
  tasks: TaskIds.optional(),
  draining: z
    .boolean()
    .optional()
    .describe(
      "true if the worker knows that it is draining, so that the server need not respond early for it",
    ),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** The reason why a worker must stop a task. */
export const StopReason = z.enum(["cancelled", "timed_out", "lost"]);
export type StopReason = z.infer<typeof StopReason>;

/** The response to a heartbeat: the tasks that the worker must stop. */
export const HeartbeatResponse = z.object({
  id: z.string(),
  last_heartbeat: Timestamp,
  heartbeat_seconds: z.number(),
  stop: z.array(z.object({ task_id: z.string(), reason: StopReason })),
  draining: z.boolean().optional().describe("true if the worker is draining and gets no new tasks"),
});
export type HeartbeatResponse = z.infer<typeof HeartbeatResponse>;

/** Claimed tasks that a worker requeues without starting them. */
export const TaskRelease = z.object({ tasks: TaskIds });
export type TaskRelease = z.infer<typeof TaskRelease>;

/** The requeued tasks. */
export const ReleasedTasks = z.object({ released: z.array(z.string()) });
