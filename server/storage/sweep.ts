import type { TaskRecord, WorkerRemoval } from "./storage.ts";

/** What the sweeper asks of a database; each update repeats its whole condition. */
export interface SweepStorage {
  /** Looks at the workers' table: late where heartbeats are late too. */
  probe(): Promise<void>;
  /** Workers whose last sign of life is older, by the database's clock. */
  findStaleWorkers(thresholdSeconds: number, limit: number): Promise<readonly string[]>;
  /** One dead worker, in a transaction of its own; undefined where it came back or was taken already. */
  removeStaleWorker(id: string, thresholdSeconds: number, error: string): Promise<WorkerRemoval | undefined>;
  /** Running tasks over their `timeout_seconds`, longest first. */
  findOverdueTasks(limit: number): Promise<readonly string[]>;
  /** They, or the named one of them, fail (`timed out after N s`) or are tried again. */
  endOverdueTasks(limit: number, only?: string): Promise<readonly TaskRecord[]>;
  /** Softly removes jobs without workers and without open tasks. */
  removeIdleJobs(limit: number): Promise<readonly { readonly id: string; readonly roomId: string }[]>;
  /** Deletes terminal tasks older than that; how many. */
  deleteOldTasks(olderThanDays: number, limit: number): Promise<number>;
  /** What autovacuum does where there is one: the embedded database has none. How many tables. */
  vacuum(): Promise<number>;
  /** Runs `work` while holding the advisory lock, or returns false at once where another server sweeps. */
  runExclusively(work: () => Promise<void>): Promise<boolean>;
}
