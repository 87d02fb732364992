import { setTimeout as delay } from "node:timers/promises";

/**
 * Returns the time of the machine's monotonic clock in milliseconds. All processes share this
 * clock, and changes of the wall clock do not affect it.
 */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * Returns the difference between the wall clock and the monotonic clock, in milliseconds. It
 * converts times of the database into times of the history.
 */
export const getWallOffset = (): number => Date.now() - monotonic();

/**
 * Waits for a duration that is part of a fault, such as a network delay or a pause. Resolves early
 * if `signal` is aborted.
 */
export const sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
};
