import { sql } from "kysely";
import { createJobStorage } from "./job-storage.ts";
import { countOpenTasks, countWorkersAlive } from "./queries/count-for-metrics.ts";
import { createSessions, type Orm, type Sql } from "./sessions.ts";
import type { Storage } from "./storage.ts";
import { createSweepStorage } from "./sweep-storage.ts";
import { createTaskStorage } from "./task-storage.ts";
import { createWorkerStorage } from "./worker-storage.ts";

/** What a storage may be given beside the ORM. */
export interface StorageOptions {
  /** Another Kysely for the hot statements, on a pool with planner settings of its own. */
  readonly hotSql?: () => Sql;
  /** Closes what stands behind `hotSql`. */
  readonly close?: () => Promise<void>;
}

/** The storage on MikroORM: PostgreSQL or PGlite, the host's ORM or ours. */
export const createStorage = (orm: Orm, options: StorageOptions = {}): Storage => {
  const sessions = createSessions(orm, options.hotSql);
  return {
    jobs: createJobStorage(sessions),
    workers: createWorkerStorage(sessions),
    tasks: createTaskStorage(sessions),
    sweep: createSweepStorage(sessions),

    async ping() {
      await sessions.run((db) => sql`select 1`.execute(db));
    },

    counts: async (aliveWithinSeconds) => ({
      tasks: await sessions.run((db) => countOpenTasks(db)),
      workersAlive: await sessions.run((db) => countWorkersAlive(db, aliveWithinSeconds)),
    }),

    async close() {
      await options.close?.();
    },
  };
};
