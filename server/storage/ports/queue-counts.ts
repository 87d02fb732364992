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
interface JobDepth extends QueueDepth {
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
