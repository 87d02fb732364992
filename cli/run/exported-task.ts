import * as z from "zod";
import { Job } from "../../protocol/jobs.ts";
import { Task } from "../../protocol/tasks/task.ts";

/** A task and the schemas of its job. This is sufficient to run the task on another machine. */
export const ExportedTask = z.object({
  joblib: z.literal("task"),
  version: z.literal(1),
  task: Task,
  job: Job.pick({ full_name: true, schema: true, result_schema: true, description: true })
    .nullable()
    .describe("null if the job no longer exists"),
});
export type ExportedTask = z.infer<typeof ExportedTask>;

/** A task that can be run locally: an exported task, or a task that `tasks status --json` has printed. */
export const RunnableTask = z.union([
  ExportedTask,
  Task.transform((task): ExportedTask => ({ joblib: "task", version: 1, task, job: null })),
]);
