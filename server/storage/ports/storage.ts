import type { ConnectionSecurity } from "../../../protocol/index.ts";
import type { DatabaseFinding } from "../database/unfit-database.ts";
import type { PoolUsage } from "../sessions/session-pool.ts";
import type { DiagnosisStorage } from "./diagnosis.ts";
import type { InvitationStorage } from "./invitations.ts";
import type { JobStorage } from "./jobs.ts";
import type { LateResultStorage } from "./late-results.ts";
import type { ProviderStorage } from "./providers.ts";
import type { QueueCounts } from "./queue-counts.ts";
import type { StatsStorage } from "./stats.ts";
import type { SweepStorage } from "./sweep.ts";
import type { TaskLogStorage } from "./task-logs.ts";
import type { TaskQueue } from "./task-queue.ts";
import type { TaskStorage } from "./tasks.ts";
import type { WorkerDetailsStorage, WorkerStorage } from "./workers.ts";

/** Everything that the use cases need of a database. Throws `StorageUnavailable` if the database is unavailable. */
export interface Storage {
  readonly jobs: JobStorage;
  readonly workers: WorkerStorage;
  readonly workerDetails: WorkerDetailsStorage;
  readonly queue: TaskQueue;
  readonly tasks: TaskStorage;
  readonly sweep: SweepStorage;
  readonly lateResults: LateResultStorage;
  readonly taskLogs: TaskLogStorage;
  readonly stats: StatsStorage;
  readonly diagnosis: DiagnosisStorage;
  readonly invitations: InvitationStorage;
  readonly providers: ProviderStorage;
  /** Counts tasks and workers for `/metrics`. */
  countQueues(aliveWithinSeconds: number): Promise<QueueCounts>;
  /** Returns the usage of joblib's own session pool; undefined if joblib uses the sessions of the ORM. */
  getPoolUsage(): PoolUsage | undefined;
  /** Makes a round trip to the database; fails if the database is read-only. */
  ping(): Promise<void>;
  /** Returns the reasons why a server cannot use the database with its role; empty if it can. */
  check(): Promise<readonly DatabaseFinding[]>;
  /** Returns the names of the migrations that are not applied yet. */
  pendingMigrations(): Promise<readonly string[]>;
  /** Returns whether the connections to the database are encrypted; null if only the host knows. */
  connectionSecurity(): ConnectionSecurity | null;
  /** Closes what the storage has opened itself, not the ORM that was passed to it. */
  close(): Promise<void>;
}
