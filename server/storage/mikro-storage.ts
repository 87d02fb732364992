import type { Meter } from "../meter.ts";
import { checkDatabase } from "./database-checks.ts";
import { createDiagnosisStorage } from "./diagnosis-storage.ts";
import { requireUrlTls } from "./host-url.ts";
import { createInvitationStorage } from "./invitation-storage.ts";
import { createJobStorage } from "./job-storage.ts";
import { createLateResultStorage } from "./late-result-storage.ts";
import { findPending } from "./migrations/migrate.ts";
import { getOrmSecurity } from "./orm-connection.ts";
import { shareSessionPool } from "./pool-options.ts";
import { checkWritable } from "./queries/check-writable.ts";
import { countForMetrics } from "./queries/count-for-metrics.ts";
import { createSessions, type Orm } from "./sessions.ts";
import { createStatsStorage } from "./stats-storage.ts";
import type { Storage } from "./storage.ts";
import { createSweepStorage } from "./sweep-storage.ts";
import { createTaskLogStorage } from "./task-log-storage.ts";
import { createTaskStorage } from "./task-storage.ts";
import { createWorkerDetailsStorage } from "./worker-details-storage.ts";
import { createWorkerStorage } from "./worker-storage.ts";

/** Creates the storage for PostgreSQL or PGlite on an ORM of the host or of joblib. */
export const createStorage = (orm: Orm, meter?: Pick<Meter, "statementExecuted">): Storage => {
  requireUrlTls(orm);
  const security = getOrmSecurity(orm);
  const shared = shareSessionPool(orm);
  const sessions = createSessions(orm, shared?.pool, meter);
  return {
    jobs: createJobStorage(sessions),
    workers: createWorkerStorage(sessions),
    workerDetails: createWorkerDetailsStorage(sessions),
    tasks: createTaskStorage(sessions),
    sweep: createSweepStorage(sessions),
    lateResults: createLateResultStorage(sessions),
    taskLogs: createTaskLogStorage(sessions),
    stats: createStatsStorage(sessions),
    diagnosis: createDiagnosisStorage(sessions),
    invitations: createInvitationStorage(sessions),

    ping: () => sessions.run(checkWritable),

    countQueues: (aliveWithinSeconds) => sessions.run((db) => countForMetrics(db, aliveWithinSeconds)),

    getPoolUsage: () => shared?.pool.usage,

    check: () => checkDatabase(orm),

    pendingMigrations: () => sessions.run(async (db) => (await findPending(db)).map(({ name }) => name)),

    connectionSecurity: () => security,

    async close() {
      await shared?.release();
    },
  };
};
