import type { JobAddress, Worker } from "../../../protocol/index.ts";
import type {
  NewWorkerRecord,
  ResultPage,
  TaskRecord,
  Window,
  WorkerRecord,
  WorkerRemoval,
} from "../../records.ts";

/** The part of the storage for workers. Heartbeats are recorded by `TaskQueue`. */
export interface WorkerStorage {
  create(worker: NewWorkerRecord): Promise<WorkerRecord>;
  find(id: string): Promise<WorkerRecord | undefined>;
  /** Lists the workers of a user, the workers of jobs that are visible in a room, or all workers. */
  list(
    selection: { readonly userId: string } | { readonly roomId: string } | "all",
    window: Window,
    aliveWithinSeconds: number,
  ): Promise<ResultPage<Worker>>;
  findJobIds(id: string): Promise<readonly string[]>;
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
