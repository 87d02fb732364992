import type { PoolUsage } from "./session-pool.ts";

/** Due tasks of a global job are counted so far. */
export const MAX_DUE_COUNTED = 100_000;
/** Pending tasks, due and delayed, are counted so far each. */
export const MAX_PENDING_COUNTED = 1_000_000;
/** So many global jobs are told one by one, the oldest first. */
export const MAX_JOBS_COUNTED = 50;

/** A queue's length, and since when its next task has been due: of its priorities the longest. */
export interface QueueDepth {
  readonly due: number;
  /** Null where nothing is due. */
  readonly oldestSeconds: number | null;
}

/** A global job's queue. */
export interface JobDepth extends QueueDepth {
  readonly category: string;
  readonly name: string;
}

/** What `/metrics` tells of the database. */
export interface QueueCounts {
  /** Open tasks by status. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Of the pending ones, those whose time has not come. */
  readonly delayed: number;
  readonly workersAlive: number;
  readonly jobs: readonly JobDepth[];
  /** Of all other jobs together, those of rooms among them. */
  readonly others: QueueDepth;
}

/** What of a storage is looked at for `/metrics`. */
export interface QueueCountStorage {
  counts(aliveWithinSeconds: number): Promise<QueueCounts>;
  /** How the pool of the hot statements is used; undefined where they have none of their own. */
  getPoolUsage(): PoolUsage | undefined;
}
