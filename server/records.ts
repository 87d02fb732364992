import type {
  Fairness,
  JobAddress,
  JsonObject,
  JsonValue,
  PageQuery,
  Progress,
  StopReason,
  Task,
  TraceContext,
} from "../protocol/index.ts";
import type { Serialized } from "./raw-json.ts";
import type { JobOptions } from "./storage/job-options.ts";
import type { StoredTask, TaskOptions, WireTask } from "./storage/task-columns.ts";

/** A registered job. `schemaHash` is the hash of the canonical forms of both schemas. */
export interface RegisteredJob extends JobAddress, JobOptions {
  readonly id: string;
  readonly schema: JsonObject;
  readonly resultSchema: JsonObject | null;
  readonly schemaHash: string;
  readonly createdAt: string;
  /** Changes with each update of the row. */
  readonly rowVersion: string;
}

/**
 * A job with its workers and the number of its pending tasks, which are slow to query. Use
 * `RegisteredJob` if they are not needed.
 */
export interface JobRecord extends RegisteredJob {
  /** Ids of the linked workers that are alive. */
  readonly workers: readonly string[];
  /** Number of pending tasks, including those that are not due yet. */
  readonly pending: number;
}

/** A registration whose schemas have been validated. */
export interface NewJob extends Omit<RegisteredJob, "createdAt" | "rowVersion"> {
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

export interface WorkerRecord extends NewWorkerRecord {
  readonly lastHeartbeat: string;
  /** A draining worker gets no more tasks. */
  readonly isDraining: boolean;
}

/** A task as it is stored, without the members that depend on a setting or a count. */
export interface TaskRecord {
  readonly task: StoredTask;
  readonly jobId: string;
  readonly job: JobAddress;
  /** The version of the row, used as the ETag. It increases with each update. */
  readonly version: number;
  /** The owner of the worker in `task.worker_id`; null if the worker is gone. */
  readonly workerUserId: string | null;
  /** `task.worker_id`; if null, the last worker, which must be notified of a requeue. */
  readonly lastWorkerId: string | null;
  /** True if the last lease was not ended by its worker. Examples: a cancel, a timeout. */
  readonly isLeaseRevoked: boolean;
  /** Position among the job's due tasks; null if not requested, or if the task is not due. */
  readonly queuePosition: number | null;
}

/** A claimed task. `task` is parsed on access, because most tasks are sent as unparsed JSON. */
export interface ClaimedTaskRecord extends TaskRecord {
  /** The members of the task that are available without parsing. */
  readonly summary: Pick<Task, "id" | "room_id" | "status" | "attempt">;
  /** The time since which the task was due, in RFC 3339. */
  readonly runAt: string;
  /** Null unless the claim also started the task. */
  readonly startedAt: string | null;
  /** Returns the task as the API sends it, with the given name of its job. */
  toTask(jobName: string): WireTask | Serialized<Task>;
}

/** A task to insert. The columns in `task-columns.ts` determine `TaskOptions`. */
export interface NewTask extends TaskOptions {
  readonly id: string;
  readonly jobId: string;
  /** Hash of the job's schemas. The insert fails if the job was removed or has another hash. */
  readonly schemaHash: string;
  /**
   * If set, the insert fails if the job has another version. Set if the defaults in this task come
   * from a cached job.
   */
  readonly jobVersion?: string;
  /** The fairness of the job when it was read. With `room`, claims alternate between the rooms. */
  readonly fairness?: Fairness;
  readonly roomId: string;
  readonly createdById: string;
  readonly payload: JsonObject;
  /** An RFC 3339 time, or seconds from the database's current time (0: immediately). */
  readonly start: { readonly at: string } | { readonly inSeconds: number };
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
  readonly traceContext?: TraceContext | undefined;
}

/** Consecutive inserted tasks that differ only in their ids and payloads. */
export interface InsertedGroup {
  /** The record of the first task. It is pending, even if the task was assigned to a worker. */
  readonly record: TaskRecord;
  readonly tasks: readonly Pick<NewTask, "id" | "payload">[];
  readonly workersOnline: number;
}

export type InsertOutcome =
  | {
      readonly kind: "inserted";
      readonly groups: readonly InsertedGroup[];
      /** The only task of the request, if it was assigned to a waiting worker. */
      readonly assigned: ClaimedTaskRecord | undefined;
    }
  /** This user has already used the idempotency key in this room. */
  | {
      readonly kind: "replayed";
      readonly record: TaskRecord;
      readonly isSameRequest: boolean;
      readonly workersOnline: number;
    }
  /** A job was removed or has another schema. The caller must read the job again. */
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
  readonly result?: JsonValue | undefined;
  /** If true, the result was not validated, and is stored only if the job has no result schema. */
  readonly onlyWithoutResultSchema?: boolean;
  readonly progress?: Progress;
}

export type Window = Readonly<PageQuery>;

export interface ResultPage<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

export interface HeartbeatOutcome {
  readonly lastHeartbeat: string;
  /** The tasks of the heartbeat that the worker must stop, because it has lost their leases. */
  readonly stop: readonly { readonly taskId: string; readonly reason: StopReason }[];
  /** Claimed tasks that the worker never received, and that were requeued or failed. */
  readonly changed: readonly TaskRecord[];
  readonly isDraining: boolean;
}

/** The changes that the removal of a worker caused. */
export interface WorkerRemoval {
  readonly tasks: readonly TaskRecord[];
  /** The jobs that were removed with the worker. */
  readonly removedJobs: readonly { readonly id: string; readonly roomId: string }[];
  /** The rooms of all jobs that the worker was linked to. */
  readonly rooms: readonly string[];
}

/**
 * A worker whose claim waits. A new task is assigned to it only if no other task of the worker's
 * jobs is due.
 */
export interface Assignee {
  readonly workerId: string;
  /** True if the worker's claim also starts the task. */
  readonly start: boolean;
}

/** Chooses the assignee of a single new task, before each try of the insert. */
export type ChooseAssignee = (task: NewTask) => Assignee | undefined;

/** The completion of a task whose job has no result schema; ignored if the lease was lost. */
export interface Completion {
  readonly id: string;
  readonly workerId: string;
  readonly attempt: number;
  readonly result?: JsonValue | undefined;
}

/** The members of a completed task that are returned if the client requested a minimal response. */
export interface CompletedTask {
  readonly id: string;
  readonly roomId: string;
  readonly jobId: string;
  readonly completedAt: string;
  /** Duration of the attempt in seconds. */
  readonly runSeconds: number;
}
