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

/** A job's own row; `schemaHash` is over the canonical forms of both schemas. */
export interface RegisteredJob extends JobAddress {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  readonly description: string | null;
  readonly defaults: TaskDefaults;
  readonly fairness: Fairness;
  readonly createdAt: string;
  /** Changes with every change of the row. */
  readonly rowVersion: string;
}

/** A job as it is shown: with its live workers and its backlog, which cost a count. */
export interface JobRecord extends RegisteredJob {
  /** Ids of the workers that are linked and alive. */
  readonly workers: readonly string[];
  /** Due and not yet due. */
  readonly pending: number;
}

/** A registration after its schema was checked. */
export interface NewJob extends JobAddress {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  readonly description: string | null;
  readonly defaults: TaskDefaults;
  readonly fairness: Fairness;
  /** Who registers: an existing worker's id, or a worker to be made once the schema has matched. */
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

/** A worker as it is kept; lists add their counts. */
export interface WorkerRecord {
  readonly id: string;
  readonly name: string | null;
  readonly userId: string;
  readonly lastHeartbeat: string;
  /** It is given no task any more. */
  readonly isDraining: boolean;
}

/** A task as it is kept: the wire's fields but for those that a setting or a count decides. */
export interface TaskRecord {
  readonly task: Omit<Task, "job_name" | "queue_position">;
  readonly jobId: string;
  readonly job: JobAddress;
  /** Grows with every change of the row: the ETag. */
  readonly version: number;
  /** The user whose worker is named in `task.worker_id`; null where that worker is gone. */
  readonly workerUserId: string | null;
  /** `task.worker_id`, or else who held it last: whose waiting heartbeat a requeue must wake. */
  readonly lastWorkerId: string | null;
  /** Nobody holds it, and it was not its worker's word that ended the last hold: a cancel, a timeout, another hand. */
  readonly isLeaseRevoked: boolean;
  /** Among the due tasks of its job; null unless pending and due. Only where it was asked for, else null. */
  readonly queuePosition: number | null;
}

export interface NewTask {
  readonly id: string;
  readonly jobId: string;
  /** The insert holds only while the job is there with this hash. */
  readonly schemaHash: string;
  /** Where given, the job must also not have changed otherwise: its defaults were taken from memory. */
  readonly jobVersion?: string;
  /** As the job was seen; rooms take turns. */
  readonly fairness?: Fairness;
  readonly roomId: string;
  readonly createdById: string;
  readonly payload: JsonObject;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly timeoutSeconds: number | null;
  /** An RFC 3339 time, or seconds from the database's now (0 for at once). */
  readonly start: { readonly at: string } | { readonly inSeconds: number };
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
  readonly traceContext?: TraceContext | undefined;
}

/** New tasks, one after the other, that differ in their ids and payloads alone. */
export interface InsertedGroup {
  readonly first: TaskRecord;
  readonly ids: readonly string[];
}

export type InsertOutcome =
  | {
      readonly kind: "inserted";
      /** For who wants each of them: of a thousand that are alike, one record and their ids may do. */
      records(): readonly TaskRecord[];
      readonly groups: readonly InsertedGroup[];
      /** Those of them that a waiting worker has taken; as `records` and `groups` tell of them, they are pending. */
      readonly assigned: readonly ClaimedTaskRecord[];
      readonly workersOnline: ReadonlyMap<string, number>;
    }
  /** The key was used before by this user in this room. */
  | {
      readonly kind: "replayed";
      readonly record: TaskRecord;
      readonly isSameRequest: boolean;
      readonly workersOnline: number;
    }
  /** A job is gone or has another schema: look again. */
  | { readonly kind: "job-changed" };

/** A guarded step: nothing happens unless the row is as it says. */
export interface Transition {
  readonly id: string;
  readonly to: "running" | "completed" | "failed" | "cancelled";
  /** Where given, the row must still name this worker. */
  readonly workerId?: string;
  /** Where given, the row must still be in this attempt. */
  readonly attempt?: number;
  readonly error?: string | null;
  readonly result?: JsonValue;
  /** The step holds only where the job promised nothing about its results: nobody has checked this one. */
  readonly isResultUnchecked?: boolean;
  readonly progress?: Progress;
}

/** A list's window. */
export interface Window {
  readonly limit: number;
  readonly offset: number;
}

export interface ResultPage<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

/** What a heartbeat came to. */
export interface HeartbeatOutcome {
  readonly lastHeartbeat: string;
  /** Of the named tasks, those that the worker holds no longer. */
  readonly stop: readonly { readonly taskId: string; readonly reason: StopReason }[];
  /** Tasks that were never received and went back or failed. */
  readonly changed: readonly TaskRecord[];
  /** The worker is given no task any more. */
  readonly isDraining: boolean;
}

/** What a worker's end, by itself or by the sweeper, came to. */
export interface WorkerRemoval {
  readonly tasks: readonly TaskRecord[];
  /** Rooms whose jobs are no longer there. */
  readonly removedJobs: readonly { readonly id: string; readonly roomId: string }[];
  /** Rooms of all the jobs that it was linked to. */
  readonly rooms: readonly string[];
}

export interface JobStorage {
  /** Inserts the job or meets the one that is there, and links the worker, all or nothing. Never throws for a race. */
  register(job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome>;
  find(address: JobAddress, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** The same without the counts, which a deep backlog makes dear: what a submit asks. */
  findWithoutCounts(address: JobAddress): Promise<RegisteredJob | undefined>;
  /** The ids of all that ever stood there, removed ones included. */
  findIds(address: JobAddress): Promise<readonly string[]>;
  /** By id, removed ones included: their tasks' history stays readable. */
  findById(id: string, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Those of any of the rooms, newest first; removed ones left out. */
  list(rooms: readonly string[], window: Window, aliveWithinSeconds: number): Promise<ResultPage<JobRecord>>;
}

export interface WorkerStorage {
  create(worker: NewWorkerRecord): Promise<WorkerRecord>;
  find(id: string): Promise<WorkerRecord | undefined>;
  /**
   * Sign of life; undefined where the worker is gone. `tasks` undefined: nothing is said about them.
   * With `Infinity` for a grace nothing is put back: for a waiting heartbeat that reads again with its old list.
   */
  heartbeat(
    id: string,
    tasks: readonly string[] | undefined,
    claimGraceSeconds: number,
  ): Promise<HeartbeatOutcome | undefined>;
  /** `of`: one user's, one room's (linked to jobs seen from it), or all. */
  list(
    of: { readonly userId: string } | { readonly roomId: string } | "all",
    window: Window,
    aliveWithinSeconds: number,
  ): Promise<ResultPage<Worker>>;
  /** The ids of the jobs that the worker is linked to. */
  jobIds(id: string): Promise<readonly string[]>;
  /** Claimed, not started tasks of the worker go back to pending; others are left alone. */
  release(id: string, taskIds: readonly string[]): Promise<readonly TaskRecord[]>;
  /** Leave; undefined where it was gone already. Running tasks get `error` or another try, claimed ones are pending again. */
  remove(id: string, error: string): Promise<WorkerRemoval | undefined>;
}

export interface TaskStorage extends TaskCompletions, TaskListStorage {
  /** All or none, in one transaction. */
  insert(tasks: readonly NewTask[], options: InsertOptions): Promise<InsertOutcome>;
  find(id: string, options?: { readonly queuePosition?: boolean }): Promise<TaskRecord | undefined>;
  /** Those that are there, in no order. */
  findMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * The next due tasks of the worker's jobs, skip-locked; undefined where the worker is gone. A sign of life.
   * Nothing is claimed for a caller that is gone by the time the statement is sent.
   */
  claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone?: () => boolean,
  ): Promise<readonly ClaimedTaskRecord[] | undefined>;
  /**
   * The jobs that the worker is linked to, as of its last claim: the channels that a waiting one listens on. The same
   * array as long as a claim finds them to be the same.
   */
  getLinkedJobIds(workerId: string): Promise<readonly string[]>;
  /** Seconds until the next task of any of the jobs falls due (0 or less: now); undefined where none is waiting. */
  getSecondsUntilDue(jobIds: readonly string[]): Promise<number | undefined>;
  /** How many due tasks wait for each of the jobs, at most `cap` counted for each. */
  countDue(jobIds: readonly string[], cap: number): Promise<ReadonlyMap<string, number>>;
  /** Compare-and-set; undefined where the row was not as the step says. `failed` may come back pending: attempts were left. A sign of life for `workerId`. */
  transition(step: Transition): Promise<TaskRecord | undefined>;
  /** Progress of a running task under the same fence; undefined where it is not running so. */
  report(step: {
    readonly id: string;
    readonly progress: Progress;
    readonly workerId?: string;
    readonly attempt?: number;
  }): Promise<TaskRecord | undefined>;
  /** A failed or cancelled task is pending again, with a new number; undefined where it is neither, or its job is gone. */
  retry(id: string): Promise<TaskRecord | undefined>;
  /** The same of many, in their old order; those that cannot are left out. */
  retryMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /** Puts back tasks that were claimed (or started by that claim) for a client that had gone: their claim costs nothing. */
  unclaim(
    claims: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<readonly TaskRecord[]>;
}

/** Everything that the use-cases need of a database. A database that cannot be reached is a `StorageUnavailable`. */
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
  /** Closes what the storage opened itself; never what it was handed. */
  close(): Promise<void>;
}
