/** What every task carries: about a hundred bytes, unless a measurement asks for more. */
export interface Parcel {
  readonly i: number;
  /** When it was handed in, on the machine's monotonic clock. */
  readonly t: number;
  readonly note: string;
}

/** Where a subject finds its server. */
export interface Place {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The product's servers; of one, the first. */
  readonly url: string;
  readonly token: string;
}

/** `one-per-request` is the product's alone: 64 loops that claim and complete a task each. */
export type Setting = "default" | "fast" | "one-per-request";

/** Hands tasks in. */
export interface Producer {
  add(parcel: Parcel): Promise<unknown>;
  addMany(parcels: readonly Parcel[]): Promise<unknown>;
  /** Resolves when the submitter knows that the task is done. */
  addAndWait?(parcel: Parcel): Promise<unknown>;
  /** How many tasks are not finished. */
  remaining(): Promise<number>;
  close(): Promise<void>;
}

/** Takes tasks out; connected when it is made, at work from `start`. */
export interface Worker {
  start(): Promise<void>;
}

/** A queue under measurement, the product among them. */
export interface Subject {
  producer(place: Place, setting: Setting): Promise<Producer>;
  /** `onTask` is called when a handler begins. */
  worker(place: Place, setting: Setting, onTask: (parcel: Parcel) => void): Promise<Worker>;
}

export const QUEUE = "bench";
