import type { PoolUsage } from "../sessions/session-pool.ts";

/** Maximum number of due tasks that are counted for each public job. */
export const MAX_DUE_COUNTED = 100_000;
/** Maximum number of pending tasks that are counted. It applies to due and delayed tasks separately. */
export const MAX_PENDING_COUNTED = 1_000_000;
/** Maximum number of public jobs that are reported separately, the oldest first. */
export const MAX_JOBS_COUNTED = 50;

/**
 * The length of a queue, and the age of its oldest due task in seconds. For the age, only the first task of
 * each priority is considered.
 */
export interface QueueDepth {
  readonly due: number;
  /** Null if no task is due. */
  readonly oldestSeconds: number | null;
}

/** The queue of a public job. */
export interface JobDepth extends QueueDepth {
  readonly category: string;
  readonly name: string;
}

/** The numbers that `/metrics` reads from the database. */
export interface QueueCounts {
  /** Number of open tasks by status. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Number of pending tasks that are not due yet. */
  readonly delayed: number;
  readonly workersAlive: number;
  readonly jobs: readonly JobDepth[];
  /** The sum of all other jobs, including jobs of rooms. */
  readonly others: QueueDepth;
}

/** The part of the storage that `/metrics` reads. */
export interface QueueCountStorage {
  countQueues(aliveWithinSeconds: number): Promise<QueueCounts>;
  /** Returns the usage of joblib's own session pool; undefined if it uses the sessions of the ORM. */
  getPoolUsage(): PoolUsage | undefined;
}
