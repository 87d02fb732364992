import { sql } from "kysely";
import type { Meter } from "../ports.ts";
import { checkDatabase, findDatabaseProblems, isUnsupported } from "./database/database-checks.ts";
import { createLateResultStorage } from "./late-result-storage.ts";
import { findPending } from "./migrations/migrate.ts";
import type { Storage } from "./ports/storage.ts";
import { countForMetrics } from "./queries/count-for-metrics.ts";
import { Jobs } from "./queries/jobs/jobs.ts";
import { Providers } from "./queries/providers/providers.ts";
import { Invitations } from "./queries/rooms/invitations.ts";
import { Stats } from "./queries/rooms/stats.ts";
import { Sweep } from "./queries/sweep.ts";
import { Diagnosis } from "./queries/tasks/diagnosis.ts";
import { TaskLogs } from "./queries/tasks/task-logs.ts";
import { WorkerDetails } from "./queries/workers/worker-details.ts";
import { BatchingTaskQueue } from "./queue/batching-task-queue.ts";
import { SimpleTaskQueue } from "./queue/simple-task-queue.ts";
import type { Orm, Sql } from "./sessions/orm.ts";
import { getOrmSecurity, requireUrlTls, shareSessionPool } from "./sessions/orm-connection.ts";
import { createSessions } from "./sessions/sessions.ts";
import { createTaskStorage } from "./task-storage.ts";
import { createWorkerStorage } from "./worker-storage.ts";

interface StorageOptions {
  readonly meter?: Pick<Meter, "statementExecuted">;
  /** `simple` is for tests and the benchmark: it shows how much faster batching is. Default: `batching`. */
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
  let isSupported = false;
  return {
    jobs: new Jobs(sessions),
    workers: createWorkerStorage(sessions),
    workerDetails: new WorkerDetails(sessions),
    queue: queue === "simple" ? new SimpleTaskQueue(sessions) : new BatchingTaskQueue(sessions),
    tasks: createTaskStorage(sessions),
    sweep: new Sweep(sessions),
    lateResults: createLateResultStorage(sessions),
    taskLogs: new TaskLogs(sessions),
    stats: new Stats(sessions),
    diagnosis: new Diagnosis(sessions),
    invitations: new Invitations(sessions),
    providers: new Providers(sessions),

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

/**
 * The error that PostgreSQL returns for a write on a standby or in a read-only session
 * (`read_only_sql_transaction`).
 */
class ReadOnlyError extends Error {
  readonly code = "25006";

  constructor() {
    super("cannot write in a read-only transaction");
    this.name = "ReadOnlyError";
  }
}

async function checkWritable(db: Sql): Promise<void> {
  const { rows } = await sql<{ read_only: boolean }>`
    select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only`.execute(db);
  if (rows[0]?.read_only !== false) throw new ReadOnlyError();
}
