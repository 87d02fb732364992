/** The two times that a person may ask to stop: the first politely, the second meaning it. */
export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  [Symbol.dispose](): void;
}

/** Where signals come from; `process`, or a test's own emitter. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * Under `npx` one Ctrl-C arrives twice: from the terminal, and forwarded by npm a few milliseconds later.
 * Signals within this window after the first one are the same wish.
 */
export const SAME_WISH_MS = 100;

/** Listens for signals until it is disposed; a third one ends the process at once, as if nobody listened. */
export const watchInterrupts = (
  source: SignalSource,
  signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"],
  now: () => number = () => performance.now(),
): Interrupts => {
  const first = new AbortController();
  const second = new AbortController();
  let firstAt = 0;
  const stopListening = () => {
    for (const signal of signals) source.removeListener(signal, onSignal);
  };
  const onSignal = () => {
    if (!first.signal.aborted) {
      firstAt = now();
      first.abort();
    } else if (now() - firstAt >= SAME_WISH_MS) {
      second.abort();
      stopListening();
    }
  };
  for (const signal of signals) source.on(signal, onSignal);
  return { first: first.signal, second: second.signal, [Symbol.dispose]: stopListening };
};
