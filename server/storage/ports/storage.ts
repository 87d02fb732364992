import type { DatabaseState } from "./database-state.ts";
import type { DiagnosisStorage } from "./diagnosis.ts";
import type { InvitationStorage } from "./invitations.ts";
import type { JobStorage } from "./jobs.ts";
import type { LateResultStorage } from "./late-results.ts";
import type { QueueCountStorage } from "./queue-counts.ts";
import type { StatsStorage } from "./stats.ts";
import type { SweepStorage } from "./sweep.ts";
import type { TaskLogStorage } from "./task-logs.ts";
import type { TaskQueue } from "./task-queue.ts";
import type { TaskStorage } from "./tasks.ts";
import type { WorkerDetailsStorage, WorkerStorage } from "./workers.ts";

/** Everything that the use cases need of a database. Throws `StorageUnavailable` if the database is unavailable. */
export interface Storage extends QueueCountStorage, DatabaseState {
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
  /** Closes what the storage has opened itself, not the ORM that was passed to it. */
  close(): Promise<void>;
}
