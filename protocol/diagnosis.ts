import * as z from "zod";
import { Progress } from "./task.ts";
import { TaskStatus } from "./task-status.ts";
import { Timestamp } from "./timestamp.ts";

/** Why a task stands where it stands. */
export const DiagnosisReason = z.enum([
  "not-due",
  "retrying",
  "job-gone",
  "no-worker",
  "workers-busy",
  "next",
  "claimed",
  "running",
  "finished",
]);
export type DiagnosisReason = z.infer<typeof DiagnosisReason>;

/** The answer to "why is it not running?": one sentence, and the numbers in it. */
export const Diagnosis = z.object({
  task_id: z.string(),
  status: TaskStatus,
  reason: DiagnosisReason,
  sentence: z.string().describe("in English, for a person"),
  workers: z.int().describe("alive ones that could take it"),
  busy_workers: z.int().describe("of them, those that hold a task"),
  queue_position: z.int().nullable().describe("as the task's"),
  run_at: Timestamp.nullable().describe("where it lies ahead"),
  expected_at: Timestamp.nullable().describe("about when it will begin, by how long others ran"),
  last_worker_at: Timestamp.nullable().describe("no-worker: when one was last heard of, if that is known"),
  worker_id: z.string().nullable().describe("who holds it"),
  worker_name: z.string().nullable(),
  since: Timestamp.nullable().describe("when it came to where it stands"),
  progress: Progress.nullable(),
});
export type Diagnosis = z.infer<typeof Diagnosis>;
