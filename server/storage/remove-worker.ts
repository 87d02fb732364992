import { deleteWorker, endWorkerTasks } from "./queries/end-worker.ts";
import { lockJobs, removeLockedIdleJobs } from "./queries/remove-idle-jobs.ts";
import { toTaskRecord } from "./rows.ts";
import type { Sql } from "./sessions.ts";
import type { WorkerRemoval } from "./storage.ts";

/** All that a locked worker's end entails, in the transaction that locked it. */
export const removeLockedWorker = async (db: Sql, id: string, error: string): Promise<WorkerRemoval> => {
  const jobIds = await deleteWorker(db, id);
  const tasks = await endWorkerTasks(db, id, error);
  // Jobs come last: whoever submits or registers locks them without waiting for tasks or workers afterwards.
  const jobs = await lockJobs(db, jobIds);
  const removed = await removeLockedIdleJobs(db, jobIds);
  return {
    tasks: tasks.map(toTaskRecord),
    removedJobs: removed.map((job) => ({ id: job.id, roomId: job.room_id })),
    rooms: [...new Set(jobs.map((job) => job.room_id))],
  };
};
