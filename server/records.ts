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
  /** A version of the row, which changes with each update. */
  readonly rowVersion: string;
}

/**
 * A job with its workers and the number of its pending tasks. These are slow to query; use
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
  /**
   * The id of an existing worker, or a worker that is created unless the schemas differ from those
   * of the registered job.
   */
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

/**
 * A task as it is stored. It lacks those members of the API that depend on a setting or on counting
 * rows.
 */
export interface TaskRecord {
  readonly task: StoredTask;
  readonly jobId: string;
  readonly job: JobAddress;
  /** The version of the row, which increases with each update. It is used as the ETag. */
  readonly version: number;
  /** The owner of the worker in `task.worker_id`; null if the worker is gone. */
  readonly workerUserId: string | null;
  /**
   * The worker in `task.worker_id`. If it is null, the last worker of the task, which must be
   * notified if the task was requeued.
   */
  readonly lastWorkerId: string | null;
  /**
   * True if the last lease was not ended by its worker, for example because the task was cancelled
   * or has timed out.
   */
  readonly isLeaseRevoked: boolean;
  /**
   * Position among the job's due tasks. Null if the position was not requested, or if the task is
   * not due.
   */
  readonly queuePosition: number | null;
}

/** A claimed task. `task` is parsed on access, because most tasks are sent as unparsed JSON. */
export interface ClaimedTaskRecord extends TaskRecord {
  /** The members of the task that are available without parsing. */
  readonly summary: Pick<Task, "id" | "room_id" | "status" | "attempt">;
  /** The time at which the task became due (RFC 3339). */
  readonly runAt: string;
  /** Null unless the claim also started the task. */
  readonly startedAt: string | null;
  /** Returns the task in the format of the API. `jobName` is the full name of its job. */
  toTask(jobName: string): WireTask | Serialized<Task>;
}

/** A task to insert. The columns in `task-columns.ts` determine `TaskOptions`. */
export interface NewTask extends TaskOptions {
  readonly id: string;
  readonly jobId: string;
  /** Hash of the job's schemas. The insert fails if the job was removed or has another hash. */
  readonly schemaHash: string;
  /**
   * If set, the insert fails if the job has another version now. Must be set if the defaults in
   * this task come from a cached job.
   */
  readonly jobVersion?: string;
  /**
   * The fairness of the job when the job was read. With `room`, claims alternate between the tasks
   * of different rooms.
   */
  readonly fairness?: Fairness;
  readonly roomId: string;
  readonly createdById: string;
  readonly payload: JsonObject;
  /**
   * The scheduled time: an RFC 3339 time, or a number of seconds from the current time of the
   * database (0: immediately).
   */
  readonly start: { readonly at: string } | { readonly inSeconds: number };
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
  readonly traceContext?: TraceContext | undefined;
}

/**
 * Inserted tasks that follow each other in the request, and differ only in their ids and payloads.
 */
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
  /** The submitter has already used the idempotency key in this room. */
  | {
      readonly kind: "replayed";
      readonly record: TaskRecord;
      readonly isSameRequest: boolean;
      readonly workersOnline: number;
    }
  /** A job was removed or has another schema. The caller must read the job again. */
  | { readonly kind: "job-changed" };

/**
 * A change of a task's status, with conditions. The task changes only if its row matches all
 * conditions.
 */
export interface Transition {
  readonly id: string;
  readonly to: "running" | "completed" | "failed" | "cancelled";
  /** If set, the task must still be assigned to this worker. */
  readonly workerId?: string;
  /** If set, the task must still have this attempt number. */
  readonly attempt?: number;
  readonly error?: string | null;
  readonly result?: JsonValue | undefined;
  /**
   * If true, the task changes only if the job has no result schema, because the result was not
   * validated.
   */
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
  /** Those tasks in the heartbeat that the worker must stop, because it has lost their leases. */
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
 * A worker whose claim is waiting for a task. A new task is assigned to the worker only if no other
 * task of its jobs is due.
 */
export interface Assignee {
  readonly workerId: string;
  /** True if the worker's claim also starts the task. */
  readonly start: boolean;
}

/**
 * Chooses the worker to which a single new task is assigned. Called before each attempt to insert
 * the task.
 */
export type ChooseAssignee = (task: NewTask) => Assignee | undefined;

/**
 * The completion of a task whose job has no result schema. Ignored if the worker has lost the
 * lease.
 */
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
