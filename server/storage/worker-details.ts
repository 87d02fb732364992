import type { JobAddress, Worker } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

/** A worker with its jobs and its leased tasks. */
export interface WorkerDetailsRecord {
  readonly worker: Worker;
  readonly jobs: readonly JobAddress[];
  /** The leased tasks of the worker in the order of their claims, at most `MAX_TASKS_SHOWN`. */
  readonly leasedTasks: readonly { readonly record: TaskRecord; readonly claimedAt: string }[];
}

/** The part of the storage for worker details and draining. */
export interface WorkerDetailsStorage {
  find(id: string, aliveWithinSeconds: number): Promise<WorkerDetailsRecord | undefined>;
  /** Drains a worker. Returns false if it is gone. Further calls have no effect. */
  drain(id: string): Promise<boolean>;
}
