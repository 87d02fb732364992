import { formatJobName, type Job } from "../protocol/index.ts";
import type { JobRecord, TaskRecord } from "./records.ts";
import type { Settings } from "./settings/settings.ts";
import { toWireOptions } from "./storage/job-options.ts";
import type { WireTask } from "./storage/task-columns.ts";

type Naming = Pick<Settings, "job_name_style">;

/** Converts a stored task to the format of a response. */
export function toWireTask({ job_name_style }: Naming, { task, job, queuePosition }: TaskRecord): WireTask {
  return { ...task, job_name: formatJobName(job, job_name_style), queue_position: queuePosition };
}

/**
 * Converts a job to the format of a response. `workerId` is the worker that has just registered it.
 */
export const toWireJob = (
  { job_name_style }: Naming,
  job: JobRecord,
  workerId: string | null = null,
): Job => ({
  id: job.id,
  room_id: job.roomId,
  category: job.category,
  name: job.name,
  full_name: formatJobName(job, job_name_style),
  schema: job.schema,
  result_schema: job.resultSchema,
  ...toWireOptions(job),
  workers: [...job.workers],
  pending: job.pending,
  worker_id: workerId,
  created_at: job.createdAt,
});
