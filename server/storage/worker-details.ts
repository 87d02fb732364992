import type { JobAddress, Worker } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

/** A worker as one looks at it, with all that it can do and does. */
export interface WorkerDetailsRecord {
  readonly worker: Worker;
  readonly jobs: readonly JobAddress[];
  /** What it holds, the longest first; the first so many. */
  readonly leasedTasks: readonly { readonly record: TaskRecord; readonly claimedAt: string }[];
}

/** What is asked of one worker by those who look after it. */
export interface WorkerDetailsStorage {
  find(id: string, aliveWithinSeconds: number): Promise<WorkerDetailsRecord | undefined>;
  /** From now on it is given no task; false where it is gone. Twice is as good as once. */
  drain(id: string): Promise<boolean>;
}
