import { sql } from "kysely";
import type { Meter } from "../ports.ts";
import { checkDatabase, findDatabaseProblems, isUnsupported } from "./database/database-checks.ts";
import { findPending } from "./migrations/migrate.ts";
import type { Storage } from "./ports/storage.ts";
import { countForMetrics } from "./queries/count-for-metrics.ts";
import { createDiagnosisStorage } from "./queries/diagnosis.ts";
import { createFileStorage } from "./queries/files.ts";
import { createInvitationStorage } from "./queries/invitations.ts";
import { createJobStorage } from "./queries/jobs.ts";
import { createLateResultStorage } from "./queries/late-results.ts";
import { createProviderStorage } from "./queries/providers.ts";
import { createStatsStorage } from "./queries/stats.ts";
import { createSweepStorage } from "./queries/sweep.ts";
import { createTaskLogStorage } from "./queries/task-logs.ts";
import { TaskOutputs } from "./queries/task-outputs.ts";
import { createTaskStorage } from "./queries/tasks.ts";
import { createWorkerStorage } from "./queries/workers.ts";
import { BatchingTaskQueue } from "./queue/batching-task-queue.ts";
import { SimpleTaskQueue } from "./queue/simple-task-queue.ts";
import type { Orm, Sql } from "./sessions/orm.ts";
import { getOrmSecurity, requireUrlTls, shareSessionPool } from "./sessions/orm-connection.ts";
import { createSessions } from "./sessions/sessions.ts";
import { readRow } from "./sql/statement.ts";

interface StorageOptions {
  readonly meter?: Pick<Meter, "statementExecuted">;
  /**
   * `simple` is only for tests, and for the benchmark that compares it with batching. Default:
   * `batching`.
   */
  readonly queue?: "simple" | "batching" | undefined;
}

export const createStorage = (orm: Orm, { meter, queue }: StorageOptions = {}): Storage => {
  requireUrlTls(orm);
  const security = getOrmSecurity(orm);
  const shared = shareSessionPool(orm);
  const sessions = createSessions(orm, shared?.pool, meter);
  // Until a check has recognized a supported database, checks use a connection of the ORM, because
  // other database products refuse joblib's own sessions. Later checks use joblib's sessions,
  // because one more connection could exceed the connection limit of the role.
  let isSupported = false;
  return {
    jobs: createJobStorage(sessions),
    workers: createWorkerStorage(sessions),
    queue: queue === "simple" ? new SimpleTaskQueue(sessions) : new BatchingTaskQueue(sessions),
    tasks: createTaskStorage(sessions),
    sweep: createSweepStorage(sessions),
    lateResults: createLateResultStorage(sessions),
    taskLogs: createTaskLogStorage(sessions),
    taskOutputs: new TaskOutputs(sessions),
    stats: createStatsStorage(sessions),
    diagnosis: createDiagnosisStorage(sessions),
    invitations: createInvitationStorage(sessions),
    providers: createProviderStorage(sessions),
    files: createFileStorage(sessions),

    ping: () => sessions.run(checkWritable),

    countQueues: (aliveWithinSeconds) => sessions.run((db) => countForMetrics(db, aliveWithinSeconds)),

    getPoolUsage: () => shared?.pool.usage,

    async check() {
      if (isSupported) return sessions.run(findDatabaseProblems);
      const findings = await checkDatabase(orm);
      isSupported = !isUnsupported(findings);
      return findings;
    },

    pendingMigrations: () => sessions.run(async (db) => (await findPending(db)).map(({ name }) => name)),

    connectionSecurity: () => security,

    async close() {
      await shared?.release();
    },
  };
};

async function checkWritable(db: Sql): Promise<void> {
  const row = await readRow(
    db,
    sql<{ read_only: boolean }>`
      select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only`,
  );
  if (row?.read_only === false) return;
  // PostgreSQL reports the same error (read_only_sql_transaction) for a write on a standby or in a
  // read-only session.
  throw Object.assign(new Error("cannot write in a read-only transaction"), { code: "25006" });
}
