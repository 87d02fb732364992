import { sql } from "kysely";
import { isUuid } from "./ids.ts";
import type { SweepStorage } from "./ports/sweep.ts";
import { lockIdleJobs, removeLockedIdleJobs } from "./queries/jobs/remove-idle-jobs.ts";
import { deleteOldTasks } from "./queries/tasks/delete-old-tasks.ts";
import { endOverdueTasks, findOverdueTaskIds } from "./queries/tasks/end-overdue-tasks.ts";
import { vacuumTables } from "./queries/vacuum.ts";
import { findStaleWorkerIds, lockStaleWorker } from "./queries/workers/end-worker.ts";
import { removeLockedWorker } from "./remove-worker.ts";
import { toTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

/**
 * Creates a function that returns whether the database is the embedded one. It queries the database only
 * once.
 */
const createEmbeddedCheck = (sessions: Sessions): (() => Promise<boolean>) => {
  let isEmbedded: boolean | undefined;
  return async () => {
    isEmbedded ??= await sessions.run(async (db) => {
      const { rows } = await sql<{ version: string }>`select version() as version`.execute(db);
      return rows[0]?.version.includes("PGlite") === true;
    });
    return isEmbedded;
  };
};

export const createSweepStorage = (sessions: Sessions): SweepStorage => {
  const isEmbedded = createEmbeddedCheck(sessions);
  return {
    ...createSweepQueries(sessions),
    vacuum: async () => ((await isEmbedded()) ? sessions.runOutsideTransaction(vacuumTables) : 0),
    runExclusively: createRunExclusively(sessions, isEmbedded),
  };
};

const createSweepQueries = (sessions: Sessions): Omit<SweepStorage, "runExclusively" | "vacuum"> => ({
  async probe() {
    await sessions.run((db) => sql`select 1 from joblib.worker limit 1`.execute(db));
  },

  findStaleWorkers: (thresholdSeconds, limit) =>
    sessions.run((db) => findStaleWorkerIds(db, thresholdSeconds, limit)),

  async removeStaleWorker(id, thresholdSeconds, error) {
    if (!isUuid(id)) return undefined;
    return sessions.transaction(async (db) =>
      (await lockStaleWorker(db, id, thresholdSeconds)) ? removeLockedWorker(db, id, error) : undefined,
    );
  },

  findOverdueTasks: (limit) => sessions.run((db) => findOverdueTaskIds(db, limit)),

  async endOverdueTasks(limit, only) {
    return (await sessions.run((db) => endOverdueTasks(db, limit, only))).map(toTaskRecord);
  },

  removeIdleJobs: (limit) =>
    sessions.transaction(async (db) => {
      const idle = await lockIdleJobs(db, limit);
      const removed = idle.length === 0 ? [] : await removeLockedIdleJobs(db, idle);
      return removed.map((job) => ({ id: job.id, roomId: job.room_id }));
    }),

  deleteOldTasks: (olderThanDays, limit) => sessions.run((db) => deleteOldTasks(db, olderThanDays, limit)),
});

const createRunExclusively = (
  sessions: Sessions,
  isEmbedded: () => Promise<boolean>,
): SweepStorage["runExclusively"] => {
  let isSweeping = false;

  return async (work) => {
    if (isSweeping) return false;
    isSweeping = true;
    try {
      // PGlite has only one process and one connection, so a transaction with the lock would block the work
      // itself.
      if (!(await isEmbedded())) return await sessions.withLock("joblib:sweep", work);
      await work();
      return true;
    } finally {
      isSweeping = false;
    }
  };
};
