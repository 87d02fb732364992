const MIN_LIFETIME_MS = 1_000;
/** A value is cached for this many times the duration of its read, so that reads take at most 5 % of the time. */
const LIFETIME_PER_READ_DURATION = 19;

/**
 * Returns a function that shares one read between all callers and caches its result for a second, or longer if the read
 * was slow. A failed read is cached as well.
 */
export const createCachedReader = <Value>(read: () => Promise<Value>): (() => Promise<Value>) => {
  let cached: Promise<Value> | undefined;
  let expiresAt = 0;
  return () => {
    if (cached !== undefined && performance.now() < expiresAt) return cached;
    const startedAt = performance.now();
    expiresAt = Number.POSITIVE_INFINITY;
    const reading = read().finally(() => {
      const now = performance.now();
      expiresAt = now + Math.max(MIN_LIFETIME_MS, (now - startedAt) * LIFETIME_PER_READ_DURATION);
    });
    cached = reading;
    return reading;
  };
};
