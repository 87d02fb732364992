import type { JobAddress, Worker } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

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
