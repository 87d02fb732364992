import type {
  ConnectionSecurity,
  Invitation,
  JobAddress,
  JobStats,
  RoomSummary,
  StatsPoint,
  Worker,
} from "../../../protocol/index.ts";
import type {
  JobRecord,
  NewJob,
  NewWorkerRecord,
  RegisteredJob,
  RegisterOutcome,
  ResultPage,
  TaskRecord,
  Window,
  WorkerRecord,
  WorkerRemoval,
} from "../../records.ts";
import type { DatabaseFinding } from "../database/unfit-database.ts";
import type { PoolUsage } from "../sessions/session-pool.ts";
import type { DiagnosisStorage } from "./diagnosis.ts";
import type { FileStorage } from "./files.ts";
import type { ProviderStorage } from "./providers.ts";
import type { TaskOutputStorage } from "./task-outputs.ts";
import type { TaskQueue } from "./task-queue.ts";
import type { LateResultStorage, TaskLogStorage, TaskStorage } from "./tasks.ts";

/**
 * The operations on the database that the use cases need. They throw `StorageUnavailable` if the
 * database is unavailable.
 */
export interface Storage {
  readonly jobs: JobStorage;
  readonly workers: WorkerStorage;
  readonly queue: TaskQueue;
  readonly tasks: TaskStorage;
  readonly sweep: SweepStorage;
  readonly lateResults: LateResultStorage;
  readonly taskLogs: TaskLogStorage;
  readonly taskOutputs: TaskOutputStorage;
  readonly stats: StatsStorage;
  readonly diagnosis: DiagnosisStorage;
  readonly invitations: InvitationStorage;
  readonly providers: ProviderStorage;
  readonly files: FileStorage;
  countQueues(aliveWithinSeconds: number): Promise<QueueCounts>;
  /**
   * Returns the usage of joblib's own session pool; undefined if joblib uses the sessions of the
   * ORM.
   */
  getPoolUsage(): PoolUsage | undefined;
  /** Makes a round trip to the database; fails if the database is read-only. */
  ping(): Promise<void>;
  /**
   * Returns the reasons why a joblib server cannot use the database with its database role. An
   * empty list means that the server can use it.
   */
  check(): Promise<readonly DatabaseFinding[]>;
  pendingMigrations(): Promise<readonly string[]>;
  /**
   * Returns whether the connections to the database are encrypted; null if joblib cannot read how
   * the host application connects.
   */
  connectionSecurity(): ConnectionSecurity | null;
  /** Closes what the storage has opened itself, not the ORM that was passed to it. */
  close(): Promise<void>;
}

export interface JobStorage {
  /**
   * Inserts the job or finds the existing one, and links the worker, in one transaction. Does not
   * fail because of concurrent registrations or removals.
   */
  register(job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome>;
  find(address: JobAddress, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /**
   * Finds a job without its counts, which are expensive if many tasks are pending. Submits use this
   * method.
   */
  findWithoutCounts(address: JobAddress): Promise<RegisteredJob | undefined>;
  /**
   * Returns the ids of all jobs that were ever registered at the address, including removed ones.
   */
  findIds(address: JobAddress): Promise<readonly string[]>;
  /** Finds a job by id, even a removed one, because the history of its tasks stays readable. */
  findById(id: string, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Lists the jobs of the rooms, newest first, without removed jobs. */
  list(rooms: readonly string[], window: Window, aliveWithinSeconds: number): Promise<ResultPage<JobRecord>>;
}

/** The workers of a user, the workers of jobs that are visible in a room, or all workers. */
export type WorkerSelection = { readonly userId: string } | { readonly roomId: string } | "all";

/** The part of the storage for workers. Heartbeats are recorded by `TaskQueue`. */
export interface WorkerStorage {
  create(worker: NewWorkerRecord): Promise<WorkerRecord>;
  /**
   * Finds a worker, even if its last heartbeat is too old and the sweeper has not removed it yet.
   */
  find(id: string): Promise<WorkerRecord | undefined>;
  list(selection: WorkerSelection, window: Window, aliveWithinSeconds: number): Promise<ResultPage<Worker>>;
  /** Returns the ids of the registered jobs that the worker is linked to. */
  findJobIds(id: string): Promise<readonly string[]>;
  /**
   * Deregisters a worker; returns undefined if it is gone. Requeues its claimed tasks. Its running
   * tasks fail with `error`, or are retried if they have attempts left.
   */
  remove(id: string, error: string): Promise<WorkerRemoval | undefined>;
  findDetails(id: string, aliveWithinSeconds: number): Promise<WorkerDetailsRecord | undefined>;
  /** Drains a worker; returns false if it is gone. Repeated calls have no further effect. */
  drain(id: string): Promise<boolean>;
}

export interface WorkerDetailsRecord {
  readonly worker: Worker;
  readonly jobs: readonly JobAddress[];
  /**
   * The tasks that the worker has leases on, the oldest claims first, at most `MAX_TASKS_SHOWN`.
   */
  readonly leasedTasks: readonly { readonly record: TaskRecord; readonly claimedAt: string }[];
}

/**
 * The part of the storage that the sweeper uses. Each update repeats its whole condition, so
 * several sweepers can run at the same time.
 */
export interface SweepStorage {
  /**
   * Reads the table of workers, to detect that the database is slow. A slow database also delays
   * heartbeats, so the sweeper must not remove workers as dead at that time.
   */
  probe(): Promise<void>;
  /**
   * Returns the ids of workers whose last heartbeat is older than the threshold, by the clock of
   * the database.
   */
  findStaleWorkers(thresholdSeconds: number, limit: number): Promise<readonly string[]>;
  /**
   * Removes a stale worker in its own transaction; returns undefined if it is alive again or
   * already removed.
   */
  removeStaleWorker(id: string, thresholdSeconds: number, error: string): Promise<WorkerRemoval | undefined>;
  /**
   * Returns the ids of running tasks that exceed their `timeout_seconds`, the earliest started
   * first.
   */
  findOverdueTasks(limit: number): Promise<readonly string[]>;
  /**
   * Ends the overdue tasks, or only the task with the id `only`. The tasks fail with `timed out
   * after N s`, or are pending again if attempts are left.
   */
  endOverdueTasks(limit: number, only?: string): Promise<readonly TaskRecord[]>;
  /**
   * Removes jobs that have neither workers nor unfinished tasks. The rows of removed jobs are kept.
   */
  removeIdleJobs(limit: number): Promise<readonly { readonly id: string; readonly roomId: string }[]>;
  /** Deletes finished tasks that ended more than this many days ago. Returns their number. */
  deleteOldTasks(olderThanDays: number, limit: number): Promise<number>;
  /**
   * Vacuums the embedded database, which has no autovacuum. Returns the number of vacuumed tables.
   */
  vacuum(): Promise<number>;
  /**
   * Runs `work` if no other server is sweeping, which an advisory lock ensures. Otherwise returns
   * false immediately.
   */
  runExclusively(work: () => Promise<void>): Promise<boolean>;
}

/** Stats of a job. They contain its address instead of its formatted name. */
interface JobStatsRecord extends Omit<JobStats, "job_name"> {
  readonly job: JobAddress;
}

export interface StatsRecord {
  readonly since: string;
  readonly until: string;
  readonly stepSeconds: number;
  readonly jobs: readonly JobStatsRecord[];
  readonly series: readonly StatsPoint[];
}

/** The part of the storage for stats. Each query reads a bounded number of tasks. */
export interface StatsStorage {
  /** Returns the first `limit` names of rooms that contain jobs or tasks, in alphabetical order. */
  listRoomNames(limit: number): Promise<readonly string[]>;
  /** Returns a summary of each room, in the order of `roomIds`. */
  summarizeRooms(roomIds: readonly string[], aliveWithinSeconds: number): Promise<readonly RoomSummary[]>;
  /**
   * Returns the stats of the last hours: either of a room and its jobs, or of all rooms without
   * their jobs.
   */
  getStats(roomId: string | undefined, hours: number, aliveWithinSeconds: number): Promise<StatsRecord>;
}

/** The due tasks of one job, or of several jobs. */
export interface QueueDepth {
  readonly due: number;
  /**
   * Age of the oldest due task in seconds; null if no task is due. For each job and priority, only
   * the task that is first in the queue is considered.
   */
  readonly oldestSeconds: number | null;
}

export interface QueueCounts {
  readonly tasks: Readonly<Record<string, number>>;
  readonly delayed: number;
  readonly workersAlive: number;
  readonly jobs: readonly (QueueDepth & Pick<JobAddress, "category" | "name">)[];
  /** The sum of all other jobs, including jobs of rooms. */
  readonly others: QueueDepth;
}

/**
 * A new invitation. It expires after `seconds` by the clock of the database, but not later than
 * `notBeyond`.
 */
export interface NewInvitationRecord extends Pick<Invitation, "id" | "note"> {
  readonly roomId: string;
  readonly jobs: readonly string[] | null;
  readonly createdById: string;
  readonly seconds: number;
  readonly notBeyond: string | null;
}

export interface InvitationStorage {
  /** Stores an invitation, and deletes those that expired at least a month ago. */
  create(invitation: NewInvitationRecord): Promise<Invitation>;
  find(id: string): Promise<Invitation | undefined>;
  /** Lists the invitations of a room, newest first. */
  list(roomId: string, window: Window): Promise<ResultPage<Invitation>>;
  /**
   * Revokes an invitation, and keeps the time of an earlier call. Returns undefined if the
   * invitation does not exist.
   */
  revoke(id: string): Promise<Invitation | undefined>;
}
