import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds of the machine's monotonic clock: the same for every process, whatever becomes of the wall clock. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What turns a database's wall-clock time into the monotonic time of a history: both are this machine's. */
export const wallOffset = (): number => Date.now() - monotonic();

/** Time that has to pass, as part of a fault: a delay of the network, how long a process stands still. */
export const elapse = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
};
