import type {
  Fairness,
  JobAddress,
  JsonObject,
  JsonValue,
  Progress,
  StopReason,
  TraceContext,
  Worker,
} from "../../protocol/index.ts";
import type { ClaimedTaskRecord } from "./claimed-task-record.ts";
import type { DatabaseState } from "./database-state.ts";
import type { DiagnosisStorage } from "./diagnosis.ts";
import type { InsertOptions } from "./direct-assignment.ts";
import type { InvitationStorage } from "./invitations.ts";
import type { JobOptions } from "./job-options.ts";
import type { LateResultStorage } from "./late-results.ts";
import type { QueueCountStorage } from "./queue-counts.ts";
import type { StatsStorage } from "./stats.ts";
import type { SweepStorage } from "./sweep.ts";
import type { StoredTask, TaskOptions } from "./task-columns.ts";
import type { TaskCompletions } from "./task-completions.ts";
import type { TaskListStorage } from "./task-lists.ts";
import type { TaskLogStorage } from "./task-logs.ts";
import type { WorkerDetailsStorage } from "./worker-details.ts";

/** A job without its counts. `schemaHash` covers the canonical forms of both schemas. */
export interface RegisteredJob extends JobAddress, JobOptions {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  readonly createdAt: string;
  /** Changes with each update of the row. */
  readonly rowVersion: string;
}

/** A job with its live workers and its number of pending tasks, which cost a count. */
export interface JobRecord extends RegisteredJob {
  /** Ids of the linked workers that are alive. */
  readonly workers: readonly string[];
  /** Number of pending tasks, including those that are not due yet. */
  readonly pending: number;
}

/** A registration whose schemas have been validated. */
export interface NewJob extends JobAddress, JobOptions {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  /** The id of an existing worker, or a worker to create if the job is new or its schemas match. */
  readonly worker: { readonly id: string } | { readonly create: NewWorkerRecord };
}

export interface NewWorkerRecord {
  readonly id: string;
  readonly name: string | null;
  readonly userId: string;
}

export type RegisterOutcome =
  | { readonly kind: "created" | "matched"; readonly job: JobRecord; readonly workerId: string }
  | { readonly kind: "conflict"; readonly registered: JobRecord }
  | { readonly kind: "worker-not-found" };

/** A worker as it is stored; lists add its counts. */
export interface WorkerRecord {
  readonly id: string;
  readonly name: string | null;
  readonly userId: string;
  readonly lastHeartbeat: string;
  /** True if the worker gets no more tasks. */
  readonly isDraining: boolean;
}

/** A stored task and what belongs to it. */
export interface TaskRecord {
  readonly task: StoredTask;
  readonly jobId: string;
  readonly job: JobAddress;
  /** Increases with each update of the row; the ETag. */
  readonly version: number;
  /** The user of the worker in `task.worker_id`; null if the worker is gone. */
  readonly workerUserId: string | null;
  /** `task.worker_id`, or else the last worker with a lease: a requeue must notify its waiting heartbeat. */
  readonly lastWorkerId: string | null;
  /** True if no worker has a lease and the worker did not end its last lease itself: a cancel, a timeout, or a takeover. */
  readonly isLeaseRevoked: boolean;
  /** Queue position among the due tasks of the job. Null if it was not requested, or the task is not pending and due. */
  readonly queuePosition: number | null;
}

/** A task to insert. Its options follow from the list of columns. */
export interface NewTask extends TaskOptions {
  readonly id: string;
  readonly jobId: string;
  /** The insert fails if the job has been removed or has another hash. */
  readonly schemaHash: string;
  /** If set, the insert also fails if the job has changed otherwise: its defaults came from a cache. */
  readonly jobVersion?: string;
  /** The fairness of the job when it was read; with `room`, rooms take turns. */
  readonly fairness?: Fairness;
  readonly roomId: string;
  readonly createdById: string;
  readonly payload: JsonObject;
  /** An RFC 3339 time, or seconds from the current time of the database (0: immediately). */
  readonly start: { readonly at: string } | { readonly inSeconds: number };
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
  readonly traceContext?: TraceContext | undefined;
}

/** Consecutive new tasks that differ only in their ids and payloads. */
export interface InsertedGroup {
  readonly first: TaskRecord;
  readonly ids: readonly string[];
}

export type InsertOutcome =
  | {
      readonly kind: "inserted";
      /** Creates a record for each task. `groups` is cheaper if the caller does not need all of them. */
      records(): readonly TaskRecord[];
      readonly groups: readonly InsertedGroup[];
      /** The tasks that were assigned to waiting workers; `records` and `groups` contain them as pending. */
      readonly assigned: readonly ClaimedTaskRecord[];
      readonly workersOnline: ReadonlyMap<string, number>;
    }
  /** This user has used the idempotency key in this room before. */
  | {
      readonly kind: "replayed";
      readonly record: TaskRecord;
      readonly isSameRequest: boolean;
      readonly workersOnline: number;
    }
  /** A job was removed or has another schema: the caller reads it again. */
  | { readonly kind: "job-changed" };

/** A guarded change of a task's status: it has no effect unless the row matches all its conditions. */
export interface Transition {
  readonly id: string;
  readonly to: "running" | "completed" | "failed" | "cancelled";
  /** If set, the row must still have this worker. */
  readonly workerId?: string;
  /** If set, the row must still have this attempt. */
  readonly attempt?: number;
  readonly error?: string | null;
  readonly result?: JsonValue;
  /** If true, the result was not validated, so the job must not have a result schema. */
  readonly isResultUnchecked?: boolean;
  readonly progress?: Progress;
}

export interface Window {
  readonly limit: number;
  readonly offset: number;
}

/** The items of a window, and the total number of items. */
export interface ResultPage<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

export interface HeartbeatOutcome {
  readonly lastHeartbeat: string;
  /** The named tasks that the worker must stop, because it has lost the lease. */
  readonly stop: readonly { readonly taskId: string; readonly reason: StopReason }[];
  /** Undelivered tasks that were requeued or failed. */
  readonly changed: readonly TaskRecord[];
  readonly isDraining: boolean;
}

/** The changes that the removal of a worker made. */
export interface WorkerRemoval {
  readonly tasks: readonly TaskRecord[];
  /** The jobs that were removed with the worker. */
  readonly removedJobs: readonly { readonly id: string; readonly roomId: string }[];
  /** The rooms of all jobs that the worker was linked to. */
  readonly rooms: readonly string[];
}

export interface JobStorage {
  /** Inserts the job or finds the existing one, and links the worker, in one transaction. Never fails because of a race. */
  register(job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome>;
  find(address: JobAddress, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Finds a job without its counts, which are expensive if many tasks are pending. A submit uses this. */
  findWithoutCounts(address: JobAddress): Promise<RegisteredJob | undefined>;
  /** Returns the ids of all jobs that were ever registered at the address, including removed ones. */
  findIds(address: JobAddress): Promise<readonly string[]>;
  /** Finds a job by id, even a removed one: the history of its tasks stays readable. */
  findById(id: string, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Lists the jobs of the rooms, newest first, without removed ones. */
  list(rooms: readonly string[], window: Window, aliveWithinSeconds: number): Promise<ResultPage<JobRecord>>;
}

export interface WorkerStorage {
  create(worker: NewWorkerRecord): Promise<WorkerRecord>;
  find(id: string): Promise<WorkerRecord | undefined>;
  /**
   * Records a heartbeat; returns undefined if the worker is gone. `tasks` undefined: the worker reports no tasks.
   * `claimGraceSeconds` Infinity: requeues nothing, for a waiting heartbeat that repeats its old list.
   */
  heartbeat(
    id: string,
    tasks: readonly string[] | undefined,
    claimGraceSeconds: number,
  ): Promise<HeartbeatOutcome | undefined>;
  /** Lists the workers of a user, those linked to jobs that are visible in a room, or all. */
  list(
    selection: { readonly userId: string } | { readonly roomId: string } | "all",
    window: Window,
    aliveWithinSeconds: number,
  ): Promise<ResultPage<Worker>>;
  findJobIds(id: string): Promise<readonly string[]>;
  /** Requeues tasks that the worker has claimed and not started; ignores the others. */
  release(id: string, taskIds: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * Deregisters a worker; returns undefined if it is gone. Requeues its claimed tasks. Its running tasks fail with
   * `error`, or are retried if they have attempts left.
   */
  remove(id: string, error: string): Promise<WorkerRemoval | undefined>;
}

export interface TaskStorage extends TaskCompletions, TaskListStorage {
  /** Inserts all tasks or none, in one transaction. */
  insert(tasks: readonly NewTask[], options: InsertOptions): Promise<InsertOutcome>;
  find(id: string, options?: { readonly queuePosition?: boolean }): Promise<TaskRecord | undefined>;
  /** Returns the tasks that exist, in no particular order. */
  findMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * Claims the next due tasks of the worker's jobs, skipping locked rows; returns undefined if the worker is gone. Also
   * counts as a heartbeat. Claims nothing if `isGone` returns true when the statement is sent.
   */
  claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone?: () => boolean,
  ): Promise<readonly ClaimedTaskRecord[] | undefined>;
  /** Returns the ids of the jobs that the worker was linked to at its last claim: the same array until they change. */
  getLinkedJobIds(workerId: string): Promise<readonly string[]>;
  /** Returns the seconds until the next task of the jobs is due (0 or less: now); undefined if there is none. */
  getSecondsUntilDue(jobIds: readonly string[]): Promise<number | undefined>;
  /** Counts the due tasks of each job, at most `cap` for each. */
  countDue(jobIds: readonly string[], cap: number): Promise<ReadonlyMap<string, number>>;
  /**
   * Changes the status of a task by compare-and-set; returns undefined if the row does not match. A task that fails is
   * pending again if it has attempts left. Also counts as a heartbeat of `workerId`.
   */
  transition(step: Transition): Promise<TaskRecord | undefined>;
  /** Stores the progress of a running task with the same fence; returns undefined if the row does not match. */
  reportProgress(step: {
    readonly id: string;
    readonly progress: Progress;
    readonly workerId?: string;
    readonly attempt?: number;
  }): Promise<TaskRecord | undefined>;
  /** Makes a failed or cancelled task pending again, with a new number; undefined if that is not possible. */
  retry(id: string): Promise<TaskRecord | undefined>;
  /** Retries many tasks in their old order; leaves out those that cannot be retried. */
  retryMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /** Undoes claims (and starts by those claims) for a client that has disconnected. They do not count as attempts. */
  unclaim(
    claims: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<readonly TaskRecord[]>;
}

/** Everything that the use cases need of a database. Throws `StorageUnavailable` if the database is unavailable. */
export interface Storage extends QueueCountStorage, DatabaseState {
  readonly jobs: JobStorage;
  readonly workers: WorkerStorage;
  readonly workerDetails: WorkerDetailsStorage;
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
