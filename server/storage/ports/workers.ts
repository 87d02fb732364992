import type { JobAddress, Worker } from "../../../protocol/index.ts";
import type {
  HeartbeatOutcome,
  NewWorkerRecord,
  ResultPage,
  TaskRecord,
  Window,
  WorkerRecord,
  WorkerRemoval,
} from "../../records.ts";

/** The part of the storage for workers and their heartbeats. */
export interface WorkerStorage {
  create(worker: NewWorkerRecord): Promise<WorkerRecord>;
  find(id: string): Promise<WorkerRecord | undefined>;
  /**
   * Records a heartbeat; returns undefined if the worker is gone. If `tasks` is undefined, the worker does
   * not report its tasks. If `claimGraceSeconds` is Infinity, nothing is requeued: a waiting heartbeat
   * repeats its old list.
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

/** A worker with its jobs and its leased tasks. */
export interface WorkerDetailsRecord {
  readonly worker: Worker;
  readonly jobs: readonly JobAddress[];
  /** The tasks that the worker has leases on, the oldest claims first, at most `MAX_TASKS_SHOWN`. */
  readonly leasedTasks: readonly { readonly record: TaskRecord; readonly claimedAt: string }[];
}

/** The part of the storage for worker details and draining. */
export interface WorkerDetailsStorage {
  /** Finds a worker with its details. */
  find(id: string, aliveWithinSeconds: number): Promise<WorkerDetailsRecord | undefined>;
  /** Drains a worker; returns false if it is gone. Repeated calls have no further effect. */
  drain(id: string): Promise<boolean>;
}
