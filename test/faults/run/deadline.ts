import { sleep } from "../clock.ts";

/**
 * Returns the result of `work`, or undefined if it did not finish in time. The work is not stopped
 * when the time is up.
 */
export const withDeadline = async <Value>(
  work: Promise<Value>,
  seconds: number,
): Promise<Value | undefined> => {
  const cancelTimer = new AbortController();
  const late = sleep(seconds * 1000, cancelTimer.signal).then(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    cancelTimer.abort();
  }
};
