/** The payload of every task. It has about 100 bytes unless a measurement needs a larger one. */
export interface Payload {
  readonly i: number;
  /** The time just before the submit, in milliseconds of the machine's monotonic clock. */
  readonly t: number;
  readonly note: string;
}

/** The addresses of the services that a subject uses. */
export interface Endpoints {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The address of joblib's first server. */
  readonly url: string;
  readonly token: string;
}

/**
 * The settings of a subject. Only joblib has `one-per-request`, in which 64 loops claim and
 * complete one task at a time.
 */
export type Setting = "default" | "fast" | "one-per-request";

export interface Producer {
  add(payload: Payload): Promise<unknown>;
  addMany(payloads: readonly Payload[]): Promise<unknown>;
  /** Submits a task, and resolves when the submitter knows that the task is done. */
  addAndWait?(payload: Payload): Promise<unknown>;
  /** Returns the number of unfinished tasks. */
  remaining(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Runs tasks after the call of `start`. `Subject.worker` returns a worker that is already
 * connected.
 */
export interface Worker {
  start(): Promise<void>;
}

/** A job queue to measure: joblib, BullMQ, pg-boss or graphile-worker. */
export interface Subject {
  producer(endpoints: Endpoints, setting: Setting): Promise<Producer>;
  /** Creates a worker that calls `onTask` when a handler starts. */
  worker(endpoints: Endpoints, setting: Setting, onTask: (payload: Payload) => void): Promise<Worker>;
}

export const QUEUE = "bench";
