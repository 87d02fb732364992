import type { Swept } from "./use-cases/sweep.ts";

/** What is counted as it happens; no room, user or task is named. */
export interface Meter {
  /** So many tasks were handed to a worker. */
  claimed(tasks: number): void;
  /** One more request is held open, or one fewer. */
  waiting(change: 1 | -1): void;
  /** This server swept, and found so much to do. */
  swept(found: Swept): void;
  /** So many tasks were over their time, found between two sweeps. */
  timedOut(tasks: number): void;
}

/** Of a host that does not ask. */
export const NO_METER: Meter = { claimed() {}, waiting() {}, swept() {}, timedOut() {} };
