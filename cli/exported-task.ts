import * as z from "zod";
import { Job } from "../protocol/job.ts";
import { Task } from "../protocol/task.ts";

/** A task with the schemas that its job had: enough to run it somewhere else. */
export const ExportedTask = z.object({
  joblib: z.literal("task"),
  version: z.literal(1),
  task: Task,
  job: Job.pick({ full_name: true, schema: true, result_schema: true, description: true })
    .nullable()
    .describe("null: it is gone"),
});
export type ExportedTask = z.infer<typeof ExportedTask>;

/** What can be run: an export, or a task as `tasks status --json` prints it. */
export const RunnableTask = z.union([
  ExportedTask,
  Task.transform((task): ExportedTask => ({ joblib: "task", version: 1, task, job: null })),
]);
