import type { TaskRecord, WorkerRemoval } from "../../records.ts";

/**
 * The part of the storage that the sweeper uses. Each update repeats its whole condition, so several sweepers
 * can run at the same time.
 */
export interface SweepStorage {
  /** Reads the table of workers, to detect that the database is slow. Heartbeats are then delayed as well. */
  probe(): Promise<void>;
  /** Returns the ids of workers whose last heartbeat is older than the threshold, by the clock of the database. */
  findStaleWorkers(thresholdSeconds: number, limit: number): Promise<readonly string[]>;
  /** Removes a stale worker in its own transaction; returns undefined if it is alive again or already removed. */
  removeStaleWorker(id: string, thresholdSeconds: number, error: string): Promise<WorkerRemoval | undefined>;
  /** Returns the ids of running tasks that exceed their `timeout_seconds`, the earliest started first. */
  findOverdueTasks(limit: number): Promise<readonly string[]>;
  /**
   * Ends the overdue tasks, or only the task `only`. The tasks fail with `timed out after N s`, or are
   * pending again if attempts are left.
   */
  endOverdueTasks(limit: number, only?: string): Promise<readonly TaskRecord[]>;
  /** Removes jobs without workers and open tasks. Their rows are kept. */
  removeIdleJobs(limit: number): Promise<readonly { readonly id: string; readonly roomId: string }[]>;
  /** Deletes finished tasks that ended more than this many days ago. Returns their number. */
  deleteOldTasks(olderThanDays: number, limit: number): Promise<number>;
  /** Vacuums the embedded database, which has no autovacuum. Returns the number of vacuumed tables. */
  vacuum(): Promise<number>;
  /**
   * Runs `work` while this server has the advisory lock. Returns false immediately if another server is
   * sweeping.
   */
  runExclusively(work: () => Promise<void>): Promise<boolean>;
}
