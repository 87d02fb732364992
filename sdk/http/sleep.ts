/**
 * Waits for a number of milliseconds. Rejects with the signal's reason as soon as it is aborted, unlike
 * `node:timers/promises`, which rejects with an `AbortError` and ignores fake timers.
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  if (signal === undefined) return promise;
  return rejectOnAbort(promise, signal).finally(() => clearTimeout(timer));
}

/** Returns the promise's result. Rejects with the signal's reason if it is aborted first. */
export function rejectOnAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
