const SHORTEST_MS = 1_000;
/** What took long is looked up that much more seldom: whoever asks, it takes a twentieth of the time at most. */
const REST = 19;

/** The same value for all who ask within a second of it, or longer where it was dear; a failure too is kept so long. */
export const createCachedReader = <Value>(look: () => Promise<Value>): (() => Promise<Value>) => {
  let latest: Promise<Value> | undefined;
  let until = 0;
  return () => {
    if (latest !== undefined && performance.now() < until) return latest;
    const began = performance.now();
    until = Number.POSITIVE_INFINITY;
    const looked = look().finally(() => {
      const now = performance.now();
      until = now + Math.max(SHORTEST_MS, (now - began) * REST);
    });
    latest = looked;
    return looked;
  };
};
