import type { ClaimedTaskRecord, NewTask } from "../../records.ts";
import { formatTime, toNewTaskRecord } from "../rows.ts";
import type { InsertedRow } from "./statements/insert-tasks.ts";

/**
 * Returns a new task that was inserted as already claimed, in the form that a claim returns. Returns
 * undefined if the task was not assigned to a worker.
 */
export const toAssignedTaskRecord = (task: NewTask, row: InsertedRow): ClaimedTaskRecord | undefined => {
  const { worker_id: workerId, user_id: userId } = row;
  if (workerId === undefined || workerId === null || userId === undefined) return undefined;
  const startedAt = row.started_at ? formatTime(row.started_at) : null;
  const status = startedAt === null ? "claimed" : "running";
  const runs = startedAt === null ? 0 : 1;
  const record = toNewTaskRecord(task, row);
  const assigned = {
    ...record.task,
    status,
    attempt: 1,
    runs,
    started_at: startedAt,
    worker_id: workerId,
  } as const;
  return {
    ...record,
    task: assigned,
    version: 2,
    workerUserId: userId,
    lastWorkerId: workerId,
    summary: { id: assigned.id, room_id: assigned.room_id, status, attempt: assigned.attempt },
    runAt: formatTime(row.run_at),
    startedAt,
    toTask: (jobName) => ({ ...assigned, job_name: jobName, queue_position: null }),
  };
};
