import { setTimeout as delay } from "node:timers/promises";

/** Returns milliseconds of the machine's monotonic clock, which is the same for all processes and independent of the wall clock. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Returns the wall clock minus the monotonic clock. It converts times of the database into times of the history. */
export const getWallOffset = (): number => Date.now() - monotonic();

/** Waits for a time that is part of a fault, such as a network delay or the duration of a pause. Resolves early on `signal`. */
export const sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
};
