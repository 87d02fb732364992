import { elapse } from "../clock.ts";

/** What the work came to, or undefined where it was not over in time; it is left to itself then. */
export const orLate = async <Value>(work: Promise<Value>, seconds: number): Promise<Value | undefined> => {
  const over = new AbortController();
  const late = elapse(seconds * 1000, over.signal).then(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
};
