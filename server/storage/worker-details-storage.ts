import { isUuid } from "./ids.ts";
import type { WorkerDetailsStorage } from "./ports/workers.ts";
import { drainWorker } from "./queries/workers/drain-worker.ts";
import { lockWorkerForUpdate } from "./queries/workers/end-worker.ts";
import { findLeasedTasks, findListedWorker, findWorkerJobs } from "./queries/workers/find-worker-details.ts";
import { formatTime, toListedWorker, toTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

export const createWorkerDetailsStorage = ({ run, transaction }: Sessions): WorkerDetailsStorage => ({
  async find(id, aliveWithinSeconds) {
    const row = isUuid(id) ? await run((db) => findListedWorker(db, id, aliveWithinSeconds)) : undefined;
    if (row === undefined) return undefined;
    const jobs = await run((db) => findWorkerJobs(db, id));
    const leasedTasks = await run((db) => findLeasedTasks(db, id));
    return {
      worker: toListedWorker(row),
      jobs: jobs.map(({ room_id, category, name }) => ({ roomId: room_id, category, name })),
      leasedTasks: leasedTasks.map((task) => ({
        record: toTaskRecord(task),
        claimedAt: formatTime(task.claimed_at),
      })),
    };
  },

  async drain(id) {
    if (!isUuid(id)) return false;
    // The lock waits for registrations and claims of the worker that are in progress. Its links are removed
    // afterwards.
    return transaction(async (db) => {
      if (!(await lockWorkerForUpdate(db, id))) return false;
      await drainWorker(db, id);
      return true;
    });
  },
});
