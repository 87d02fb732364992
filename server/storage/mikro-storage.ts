import type { Meter } from "../ports.ts";
import { checkDatabase, findDatabaseProblems, isUnsuitable } from "./database/database-checks.ts";
import { createDiagnosisStorage } from "./diagnosis-storage.ts";
import { createInvitationStorage } from "./invitation-storage.ts";
import { createJobStorage } from "./job-storage.ts";
import { createLateResultStorage } from "./late-result-storage.ts";
import { findPending } from "./migrations/migrate.ts";
import type { Storage } from "./ports/storage.ts";
import { checkWritable } from "./queries/check-writable.ts";
import { countForMetrics } from "./queries/count-for-metrics.ts";
import { BatchingTaskQueue } from "./queue/batching-task-queue.ts";
import { SimpleTaskQueue } from "./queue/simple-task-queue.ts";
import type { Orm } from "./sessions/orm.ts";
import { getOrmSecurity, requireUrlTls, shareSessionPool } from "./sessions/orm-connection.ts";
import { createSessions } from "./sessions/sessions.ts";
import { createStatsStorage } from "./stats-storage.ts";
import { createSweepStorage } from "./sweep-storage.ts";
import { createTaskLogStorage } from "./task-log-storage.ts";
import { createTaskStorage } from "./task-storage.ts";
import { createWorkerDetailsStorage } from "./worker-details-storage.ts";
import { createWorkerStorage } from "./worker-storage.ts";

/** Options of a storage. */
interface StorageOptions {
  readonly meter?: Pick<Meter, "statementExecuted">;
  /** `simple` is for tests and the benchmark: it shows what batching is worth. Default: `batching`. */
  readonly queue?: "simple" | "batching" | undefined;
}

/** Creates the storage for PostgreSQL or PGlite on an ORM of the host or of joblib. */
export const createStorage = (orm: Orm, { meter, queue }: StorageOptions = {}): Storage => {
  requireUrlTls(orm);
  const security = getOrmSecurity(orm);
  const shared = shareSessionPool(orm);
  const sessions = createSessions(orm, shared?.pool, meter);
  // The first check uses a connection of the ORM, because joblib's own sessions cannot be opened on every database product.
  // Later checks use these sessions, because another connection could exceed the connection limit of the role.
  let isSuitable = false;
  return {
    jobs: createJobStorage(sessions),
    workers: createWorkerStorage(sessions),
    workerDetails: createWorkerDetailsStorage(sessions),
    queue: queue === "simple" ? new SimpleTaskQueue(sessions) : new BatchingTaskQueue(sessions),
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

    async check() {
      if (isSuitable) return sessions.run(findDatabaseProblems);
      const findings = await checkDatabase(orm);
      isSuitable = !isUnsuitable(findings);
      return findings;
    },

    pendingMigrations: () => sessions.run(async (db) => (await findPending(db)).map(({ name }) => name)),

    connectionSecurity: () => security,

    async close() {
      await shared?.release();
    },
  };
};
