import * as z from "zod";
import { API_PATH, operation } from "../operation.ts";
import { Timestamp } from "../time.ts";
import { TaskStatus } from "./status.ts";
import { Progress, TaskParams } from "./task.ts";

export const DiagnosisReason = z.enum([
  "not-due",
  "retrying",
  "job-removed",
  "no-worker",
  "workers-busy",
  "worker-idle",
  "claimed",
  "running",
  "finished",
]);
export type DiagnosisReason = z.infer<typeof DiagnosisReason>;

/**
 * The diagnosis of a task: one sentence, and the values that the sentence mentions as separate
 * members.
 */
export const Diagnosis = z.object({
  task_id: z.string(),
  status: TaskStatus,
  reason: DiagnosisReason.describe(
    "not-due: scheduled for later; retrying: waiting for the next attempt; job-removed: the server removed the job, because no worker is registered for it; no-worker: workers are registered for the job, but none is online, or all are draining; workers-busy: all workers for the job have a task; worker-idle: a worker is free and should claim the task soon; claimed: not started yet; running: a worker runs it; finished: completed, failed or cancelled",
  ),
  sentence: z.string().describe("the diagnosis as one English sentence"),
  workers: z.int().describe("number of online workers for the task's job"),
  busy_workers: z.int().describe("number of workers in `workers` that have a task"),
  queue_position: z.int().nullable().describe("the `queue_position` of the task"),
  run_at: Timestamp.nullable().describe("scheduled time; null if it has passed"),
  expected_at: Timestamp.nullable().describe("estimated start, from the run times of recent tasks"),
  last_worker_at: Timestamp.nullable().describe(
    "for `no-worker`: the last heartbeat of a worker for the job, if known",
  ),
  worker_id: z.string().nullable().describe("the worker that claimed or runs the task"),
  worker_name: z.string().nullable(),
  since: Timestamp.nullable().describe(
    "when the task reached its current status; for a pending task, when it became due, or when it was created if it is not due yet",
  ),
  progress: Progress.nullable(),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

export const diagnoseTask = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/diagnosis`,
  summary: "Explain why a task is not running",
  access: "task-read",
  params: TaskParams,
  responses: { 200: Diagnosis },
  responseDescriptions: { 200: "The diagnosis." },
  problems: ["task-not-found"],
});

export const diagnosisOperations = { diagnoseTask } as const;
