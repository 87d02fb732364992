import { sql } from "kysely";
import type { Meter } from "../meter.ts";
import { checkDatabase } from "./database-checks.ts";
import { openHotPool } from "./hot-pool.ts";
import { createInsightStorage } from "./insight-storage.ts";
import { createInvitationStorage } from "./invitation-storage.ts";
import { createJobStorage } from "./job-storage.ts";
import { createLateResultStorage } from "./late-result-storage.ts";
import { pendingMigrations } from "./migrations/migrate.ts";
import { createOverviewStorage } from "./overview-storage.ts";
import { countForMetrics } from "./queries/count-for-metrics.ts";
import { createSessions, type Orm } from "./sessions.ts";
import { createStaffStorage } from "./staff-storage.ts";
import type { Storage } from "./storage.ts";
import { createSweepStorage } from "./sweep-storage.ts";
import { createTaskLogStorage } from "./task-log-storage.ts";
import { createTaskStorage } from "./task-storage.ts";
import { createWorkerStorage } from "./worker-storage.ts";

/** The storage on MikroORM: PostgreSQL or PGlite, the host's ORM or ours. */
export const createStorage = (orm: Orm, meter?: Pick<Meter, "stated">): Storage => {
  const hotPool = openHotPool(orm);
  const sessions = createSessions(orm, hotPool?.sql, meter);
  return {
    jobs: createJobStorage(sessions),
    workers: createWorkerStorage(sessions),
    staff: createStaffStorage(sessions),
    tasks: createTaskStorage(sessions),
    sweep: createSweepStorage(sessions),
    lateResults: createLateResultStorage(sessions),
    taskLogs: createTaskLogStorage(sessions),
    overview: createOverviewStorage(sessions),
    insight: createInsightStorage(sessions),
    invitations: createInvitationStorage(sessions),

    async ping() {
      await sessions.run((db) => sql`select 1`.execute(db));
    },

    counts: (aliveWithinSeconds) => sessions.run((db) => countForMetrics(db, aliveWithinSeconds)),

    poolUse: () => hotPool?.use,

    check: () => checkDatabase(orm),

    pendingMigrations: () => pendingMigrations(orm),

    async close() {
      await hotPool?.close();
    },
  };
};
