import * as z from "zod";
import { JsonValue } from "../json.ts";
import { API_PATH, operation, RETURN_HEADER } from "../operation.ts";
import { ProblemDocument } from "../problem.ts";
import { Timestamp } from "../time.ts";
import { WorkerParams } from "../workers.ts";
import { MAX_LINES_PER_UPDATE, NewLogLine } from "./log.ts";
import { NewOutput } from "./output.ts";
import { TaskStatus } from "./status.ts";
import { Progress, Task, TaskParams } from "./task.ts";

/** Maximum length of `error`, in bytes of UTF-8. */
export const MAX_ERROR_BYTES = 64 * 1024;
/**
 * Maximum number of updates per request. With 500 instead of 100, a completion takes 10 % less CPU
 * time of client, server and database.
 */
export const MAX_UPDATES_PER_REQUEST = 500;

function getUtf8Length(text: string) {
  return new TextEncoder().encode(text).length;
}

const ErrorText = z
  .string()
  .refine((text) => text.length * 3 <= MAX_ERROR_BYTES || getUtf8Length(text) <= MAX_ERROR_BYTES, {
    error: "must be at most 64 KiB of UTF-8",
  });

const updateFields = {
  error: ErrorText.nullable().optional(),
  result: JsonValue.optional(),
  progress: Progress.optional(),
  log: z.array(NewLogLine).max(MAX_LINES_PER_UPDATE).optional().describe("log lines to store with the task"),
  output: NewOutput.optional().describe("parts to append to the output of the task"),
  attempt: z
    .int()
    .min(0)
    .max(2_147_483_647)
    .optional()
    .describe(
      "the `attempt` of the task when the worker claimed it; the update is rejected if the task was claimed again",
    ),
};

/**
 * A change of the status. Without `status`, the update only reports progress, log lines or output.
 */
export const TaskUpdate = z.object({
  status: TaskStatus.optional(),
  ...updateFields,
  worker_id: z
    .string()
    .max(128)
    .optional()
    .describe("the worker that runs the task; the update is rejected if another worker has claimed it"),
});
export type TaskUpdate = z.infer<typeof TaskUpdate>;

export const TaskUpdates = z.object({
  updates: z
    .array(z.object({ id: z.string(), status: TaskStatus.optional(), ...updateFields }))
    .min(1)
    .max(MAX_UPDATES_PER_REQUEST),
});
export type TaskUpdates = z.infer<typeof TaskUpdates>;

export const MinimalTaskUpdate = z.object({
  id: z.string(),
  status: TaskStatus,
  completed_at: Timestamp.nullable(),
});
export type MinimalTaskUpdate = z.infer<typeof MinimalTaskUpdate>;

const RejectedUpdate = z.object({ id: z.string(), problem: ProblemDocument });

export const updateTask = operation({
  method: "PATCH",
  path: `${API_PATH}/tasks/:task_id`,
  summary: "Change a task's status, report its progress, or append to its log or output",
  access: "task-update",
  retryable: true,
  params: TaskParams,
  body: TaskUpdate,
  responses: { 200: Task },
  responseDescriptions: { 200: "The changed task." },
  problems: ["task-not-found", "task-lost", "invalid-task-transition", "output-gap", "output-too-large"],
});

export const updateTasks = operation({
  method: "PATCH",
  path: `${API_PATH}/workers/:worker_id/tasks`,
  summary: "Update many tasks of one worker; each update succeeds or fails on its own",
  access: "worker-owner",
  retryable: true,
  params: WorkerParams,
  body: TaskUpdates,
  headers: RETURN_HEADER,
  responses: {
    200: z.object({ results: z.array(z.union([z.object({ id: z.string(), task: Task }), RejectedUpdate])) }),
  },
  responseDescriptions: { 200: "The outcome of each update, in the order of the request." },
  minimal: { 200: z.object({ results: z.array(z.union([MinimalTaskUpdate, RejectedUpdate])) }) },
  problems: ["worker-not-found"],
});

export const updateOperations = { updateTask, updateTasks } as const;
