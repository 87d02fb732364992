import type { ClaimedRecord } from "./claimed-record.ts";
import type { InsertedRow } from "./queries/insert-tasks.ts";
import { newTaskRecord, wireTime, wireTimeOrNull } from "./rows.ts";
import type { NewTask } from "./storage.ts";

/** A new task that a worker holds from the start, as its claim would have brought it; undefined where none took it. */
export const toAssignedRecord = (task: NewTask, row: InsertedRow): ClaimedRecord | undefined => {
  const { worker_id: workerId, user_id: userId } = row;
  if (workerId === undefined || workerId === null || userId === undefined) return undefined;
  const startedAt = wireTimeOrNull(row.started_at ?? null);
  const status = startedAt === null ? "claimed" : "running";
  const runs = startedAt === null ? 0 : 1;
  const record = newTaskRecord(task, row);
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
    brief: { id: held.id, room_id: held.room_id, status, attempt: held.attempt },
    runAt: wireTime(row.run_at),
    startedAt,
    wire: (jobName) => ({ ...held, job_name: jobName, queue_position: null }),
  };
};
