import type { ClaimedTaskRecord } from "./claimed-task-record.ts";
import type { InsertedRow } from "./queries/insert-tasks.ts";
import { formatTime, formatTimeOrNull, toNewTaskRecord } from "./rows.ts";
import type { NewTask } from "./storage.ts";

/** A new task that a worker holds from the start, as its claim would have brought it; undefined where none took it. */
export const toAssignedTaskRecord = (task: NewTask, row: InsertedRow): ClaimedTaskRecord | undefined => {
  const { worker_id: workerId, user_id: userId } = row;
  if (workerId === undefined || workerId === null || userId === undefined) return undefined;
  const startedAt = formatTimeOrNull(row.started_at ?? null);
  const status = startedAt === null ? "claimed" : "running";
  const runs = startedAt === null ? 0 : 1;
  const record = toNewTaskRecord(task, row);
  const held = {
    ...record.task,
    status,
    attempt: 1,
    runs,
    started_at: startedAt,
    worker_id: workerId,
  } as const;
  return {
    ...record,
    task: held,
    version: 2,
    workerUserId: userId,
    lastWorkerId: workerId,
    summary: { id: held.id, room_id: held.room_id, status, attempt: held.attempt },
    runAt: formatTime(row.run_at),
    startedAt,
    wire: (jobName) => ({ ...held, job_name: jobName, queue_position: null }),
  };
};
