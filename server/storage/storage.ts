import type {
  Backoff,
  Fairness,
  JobAddress,
  JsonObject,
  JsonValue,
  Progress,
  StopReason,
  Task,
  TaskDefaults,
  TraceContext,
  Worker,
} from "../../protocol/index.ts";
import type { ClaimedTaskRecord } from "./claimed-task-record.ts";
import type { DatabaseState } from "./database-state.ts";
import type { DiagnosisStorage } from "./diagnosis.ts";
import type { InsertOptions } from "./direct-assignment.ts";
import type { InvitationStorage } from "./invitations.ts";
import type { LateResultStorage } from "./late-results.ts";
import type { QueueCountStorage } from "./queue-counts.ts";
import type { StatsStorage } from "./stats.ts";
import type { SweepStorage } from "./sweep.ts";
import type { TaskCompletions } from "./task-completions.ts";
import type { TaskListStorage } from "./task-lists.ts";
import type { TaskLogStorage } from "./task-logs.ts";
import type { WorkerDetailsStorage } from "./worker-details.ts";

/** A job without its counts. `schemaHash` is the hash of the canonical forms of both schemas. */
export interface RegisteredJob extends JobAddress {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  readonly description: string | null;
  readonly defaults: TaskDefaults;
  readonly fairness: Fairness;
  readonly createdAt: string;
  /** Changes with each update of the row. */
  readonly rowVersion: string;
}

/** A job with its live workers and its number of pending tasks. The tasks must be counted, which takes time. */
export interface JobRecord extends RegisteredJob {
  /** Ids of the linked workers that are alive. */
  readonly workers: readonly string[];
  /** Number of pending tasks, including those that are not due yet. */
  readonly pending: number;
}

/** A registration whose schemas have been validated. */
export interface NewJob extends JobAddress {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  readonly description: string | null;
  readonly defaults: TaskDefaults;
  readonly fairness: Fairness;
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

/** A worker as it is stored. Lists contain its counts in addition. */
export interface WorkerRecord {
  readonly id: string;
  readonly name: string | null;
  readonly userId: string;
  readonly lastHeartbeat: string;
  /** True if the worker gets no more tasks. */
  readonly isDraining: boolean;
}

/** A task as it is stored, without the members that depend on a setting or a count. */
export interface TaskRecord {
  readonly task: Omit<Task, "job_name" | "queue_position">;
  readonly jobId: string;
  readonly job: JobAddress;
  /** The version of the row, used as the ETag. It increases with each update. */
  readonly version: number;
  /** The owner of the worker in `task.worker_id`; null if the worker is gone. */
  readonly workerUserId: string | null;
  /** `task.worker_id`, or if it is null, the last worker with a lease. A requeue must notify this worker. */
  readonly lastWorkerId: string | null;
  /** True if no worker has a lease, and a cancel, a timeout or a takeover ended the last one. */
  readonly isLeaseRevoked: boolean;
  /** Queue position among the due tasks of the job. Null if not requested, or if the task is not due. */
  readonly queuePosition: number | null;
}

export interface NewTask {
  readonly id: string;
  readonly jobId: string;
  /** Hash of the job's schemas. The insert fails if the job was removed or has another hash. */
  readonly schemaHash: string;
  /** If set, the insert also fails if the job has changed otherwise, because its defaults came from a cache. */
  readonly jobVersion?: string;
  /** The fairness of the job when it was read. With `room`, rooms take turns. */
  readonly fairness?: Fairness;
  readonly roomId: string;
  readonly createdById: string;
  readonly payload: JsonObject;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly timeoutSeconds: number | null;
  /** Start of the task: an RFC 3339 time, or seconds from the current time of the database (0 means immediately). */
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
      /** Creates a record for each task. Use `groups` if not all records are needed, because it is cheaper. */
      records(): readonly TaskRecord[];
      readonly groups: readonly InsertedGroup[];
      /** The tasks that were assigned to waiting workers. In `records` and `groups` they are still pending. */
      readonly assigned: readonly ClaimedTaskRecord[];
      readonly workersOnline: ReadonlyMap<string, number>;
    }
  /** This user has already used the idempotency key in this room. */
  | {
      readonly kind: "replayed";
      readonly record: TaskRecord;
      readonly isSameRequest: boolean;
      readonly workersOnline: number;
    }
  /** A job was removed or has another schema. The caller must read it again. */
  | { readonly kind: "job-changed" };

/** A guarded change of a task's status. It has no effect unless the row matches all conditions. */
export interface Transition {
  readonly id: string;
  readonly to: "running" | "completed" | "failed" | "cancelled";
  /** If set, the task must still be assigned to this worker. */
  readonly workerId?: string;
  /** If set, the task must still have this attempt number. */
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
  /** The tasks of the heartbeat that the worker must stop, because it has lost their leases. */
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
  /** Inserts or finds the job and links the worker, in one transaction. Never fails because of a race. */
  register(job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome>;
  find(address: JobAddress, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Finds a job without its counts, which are expensive if many tasks are pending. Used for submits. */
  findWithoutCounts(address: JobAddress): Promise<RegisteredJob | undefined>;
  /** Returns the ids of all jobs that were ever registered at the address, including removed ones. */
  findIds(address: JobAddress): Promise<readonly string[]>;
  /** Finds a job by id, even if it was removed, because the tasks of a removed job stay readable. */
  findById(id: string, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Lists the jobs of the rooms, newest first. Does not include removed jobs. */
  list(rooms: readonly string[], window: Window, aliveWithinSeconds: number): Promise<ResultPage<JobRecord>>;
}

export interface WorkerStorage {
  create(worker: NewWorkerRecord): Promise<WorkerRecord>;
  find(id: string): Promise<WorkerRecord | undefined>;
  /**
   * Records a heartbeat. Returns undefined if the worker is gone. If `tasks` is undefined, the worker reports no tasks.
   * If `claimGraceSeconds` is Infinity, nothing is requeued; a waiting heartbeat that repeats its old list uses this.
   */
  heartbeat(
    id: string,
    tasks: readonly string[] | undefined,
    claimGraceSeconds: number,
  ): Promise<HeartbeatOutcome | undefined>;
  /** Lists the workers of a user, the workers that are linked to jobs visible in a room, or all workers. */
  list(
    selection: { readonly userId: string } | { readonly roomId: string } | "all",
    window: Window,
    aliveWithinSeconds: number,
  ): Promise<ResultPage<Worker>>;
  findJobIds(id: string): Promise<readonly string[]>;
  /** Requeues tasks that the worker has claimed but not started. Ignores other tasks. */
  release(id: string, taskIds: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * Deregisters a worker. Returns undefined if it is gone. Requeues its claimed tasks. Its running tasks fail with
   * `error`, or are pending again if they have attempts left.
   */
  remove(id: string, error: string): Promise<WorkerRemoval | undefined>;
}

export interface TaskStorage extends TaskCompletions, TaskListStorage {
  /** Inserts all tasks or none, in one transaction. */
  insert(tasks: readonly NewTask[], options: InsertOptions): Promise<InsertOutcome>;
  find(id: string, options?: { readonly queuePosition?: boolean }): Promise<TaskRecord | undefined>;
  /** Returns those of the tasks that exist, in no particular order. */
  findMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * Claims the next due tasks of the worker's jobs. Skips locked rows. Returns undefined if the worker is gone. Also
   * counts as a heartbeat. Claims nothing if `isGone` returns true when the statement is sent.
   */
  claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone?: () => boolean,
  ): Promise<readonly ClaimedTaskRecord[] | undefined>;
  /** Returns the ids of the worker's jobs at its last claim. The array is the same until they change. */
  getLinkedJobIds(workerId: string): Promise<readonly string[]>;
  /** Returns the seconds until a task of the jobs is due (0 or less: now), or undefined if there is none. */
  getSecondsUntilDue(jobIds: readonly string[]): Promise<number | undefined>;
  /** Counts the due tasks of each job, at most `cap` for each. */
  countDue(jobIds: readonly string[], cap: number): Promise<ReadonlyMap<string, number>>;
  /**
   * Changes the status of a task by compare-and-set. Returns undefined if the row does not match. A task that fails is
   * pending again if it has attempts left. Also counts as a heartbeat of `workerId`.
   */
  transition(step: Transition): Promise<TaskRecord | undefined>;
  /** Stores the progress of a running task. Returns undefined if the row does not match the worker and the attempt. */
  reportProgress(step: {
    readonly id: string;
    readonly progress: Progress;
    readonly workerId?: string;
    readonly attempt?: number;
  }): Promise<TaskRecord | undefined>;
  /** Moves a failed or cancelled task to the end of its queue. Returns undefined if it cannot be retried. */
  retry(id: string): Promise<TaskRecord | undefined>;
  /** Retries many tasks in their previous order. Skips tasks that cannot be retried. */
  retryMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /** Undoes claims, and starts by those claims, for a client that has disconnected. No run is counted. */
  unclaim(
    claims: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<readonly TaskRecord[]>;
}

/** All database operations of the use cases. Throws `StorageUnavailable` if the database is unavailable. */
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
  /** Closes what the storage has opened itself. Does not close the ORM that was passed to it. */
  close(): Promise<void>;
}
