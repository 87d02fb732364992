import type { WorkerRemoval } from "../records.ts";
import { lockJobs, removeLockedIdleJobs } from "./queries/jobs/remove-idle-jobs.ts";
import { deleteWorker, endWorkerTasks } from "./queries/workers/end-worker.ts";
import { toTaskRecord } from "./rows.ts";
import type { Sql } from "./sessions/orm.ts";

/**
 * Removes a locked worker, ends its leases and removes its unused jobs. Must run in the transaction that
 * locked the worker.
 */
export const removeLockedWorker = async (db: Sql, id: string, error: string): Promise<WorkerRemoval> => {
  const jobIds = await deleteWorker(db, id);
  const tasks = await endWorkerTasks(db, id, error);
  // Jobs are locked last to avoid a deadlock: a submit or a registration that has locked a job does not wait
  // for the lock of a task or a worker.
  const jobs = await lockJobs(db, jobIds);
  const removed = await removeLockedIdleJobs(db, jobIds);
  return {
    tasks: tasks.map(toTaskRecord),
    removedJobs: removed.map((job) => ({ id: job.id, roomId: job.room_id })),
    rooms: [...new Set(jobs.map((job) => job.room_id))],
  };
};
