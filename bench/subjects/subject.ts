/** The payload of every task: about 100 bytes, unless a measurement needs more. */
export interface Payload {
  readonly i: number;
  /** The time just before the submit, in milliseconds of the machine's monotonic clock. */
  readonly t: number;
  readonly note: string;
}

/** The addresses that a subject uses. */
export interface Endpoints {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The address of joblib's first server. */
  readonly url: string;
  readonly token: string;
}

/** `one-per-request` exists only for joblib: 64 loops that claim and complete one task at a time. */
export type Setting = "default" | "fast" | "one-per-request";

/** Submits tasks. */
export interface Producer {
  add(payload: Payload): Promise<unknown>;
  addMany(payloads: readonly Payload[]): Promise<unknown>;
  /** Resolves when the submitter knows that the task is done. */
  addAndWait?(payload: Payload): Promise<unknown>;
  /** Returns the number of unfinished tasks. */
  remaining(): Promise<number>;
  close(): Promise<void>;
}

/** Runs tasks after `start`. It is already connected when it is created. */
export interface Worker {
  start(): Promise<void>;
}

/** A job queue to measure: joblib, BullMQ, pg-boss or graphile-worker. */
export interface Subject {
  producer(endpoints: Endpoints, setting: Setting): Promise<Producer>;
  /** `onTask` is called when a handler begins. */
  worker(endpoints: Endpoints, setting: Setting, onTask: (payload: Payload) => void): Promise<Worker>;
}

export const QUEUE = "bench";
