import type { ClaimedTaskRecord, NewTask, TaskRecord } from "../../records.ts";
import { formatTime, toNewTaskRecord } from "../rows.ts";
import type { InsertedRow } from "./statements/insert-tasks.ts";

/** Returns a claimed task in the form that a claim returns. */
export function toClaimedTaskRecord(record: TaskRecord): ClaimedTaskRecord {
  const { task } = record;
  return {
    ...record,
    summary: task,
    runAt: task.run_at,
    startedAt: task.started_at,
    toTask: (jobName) => ({ ...task, job_name: jobName, queue_position: null }),
  };
}

/**
 * Returns a new task that was inserted as already claimed, in the form that a claim returns. Returns
 * undefined if the task was not assigned to a worker.
 */
export function toAssignedTaskRecord(task: NewTask, row: InsertedRow): ClaimedTaskRecord | undefined {
  const { worker_id: workerId, user_id: workerUserId } = row;
  if (workerId === undefined || workerId === null || workerUserId === undefined) return undefined;
  const startedAt = row.started_at ? formatTime(row.started_at) : null;
  const record = toNewTaskRecord(task, row);
  return toClaimedTaskRecord({
    ...record,
    task: {
      ...record.task,
      status: startedAt === null ? "claimed" : "running",
      attempt: 1,
      runs: startedAt === null ? 0 : 1,
      started_at: startedAt,
      worker_id: workerId,
    },
    version: 2,
    workerUserId,
    lastWorkerId: workerId,
  });
}
