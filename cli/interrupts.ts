/** The two requests to stop: the first one drains, the second one interrupts what is still running. */
export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  [Symbol.dispose](): void;
}

/** Where signals come from; `process`, or a test's own emitter. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: () => void): unknown;
  listenerCount(signal: NodeJS.Signals): number;
}

/** Which signals are heard, and how. */
export interface SignalOptions {
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** True if SIGHUP is to have no effect: see isUnderNohup. */
  readonly ignoresHangup?: boolean;
  readonly now?: () => number;
}

/**
 * Under `npx` one Ctrl-C arrives twice: from the terminal, and forwarded by npm a few milliseconds later. Signals
 * within this time after the first one are the same request.
 */
export const SAME_REQUEST_MS = 100;

/** Sent by people and supervisors. A second one means that the drain takes too long. */
const REQUESTS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK"];
/**
 * Sent by the system, possibly several times, so they never count as a second request: the terminal or the SSH session
 * is gone (SIGHUP), the limit of CPU time is reached (SIGXCPU, once a second), a batch system or nodemon is about to
 * end the process (SIGUSR2).
 */
const NOTICES: readonly NodeJS.Signals[] = ["SIGHUP", "SIGXCPU", "SIGUSR2"];

/** The signals that drain a server or a worker. */
export const DRAIN_SIGNALS: readonly NodeJS.Signals[] = [...REQUESTS, ...NOTICES];

/**
 * Returns true if bash or zsh started this process by `nohup`: they export the path of the command as `_`. Node.js
 * resets an ignored SIGHUP at its start, so the signal itself does not show it.
 */
export const isUnderNohup = (env: Readonly<Record<string, string | undefined>>): boolean =>
  /(^|\/)nohup$/.test(env["_"] ?? "");

/** Listens for signals until it is disposed. A third request ends the process at once, as without a listener. */
export const watchInterrupts = (
  source: SignalSource,
  { signals = DRAIN_SIGNALS, ignoresHangup = false, now = () => performance.now() }: SignalOptions = {},
): Interrupts => {
  const first = new AbortController();
  const second = new AbortController();
  const listeners = new Map<NodeJS.Signals, () => void>();
  let firstAt = 0;

  const stopListening = (to: readonly NodeJS.Signals[]) => {
    for (const signal of to) {
      const listener = listeners.get(signal);
      if (listener !== undefined) source.removeListener(signal, listener);
    }
  };
  const drain = () => {
    if (first.signal.aborted) return;
    firstAt = now();
    first.abort();
  };
  const drainOrInterrupt = () => {
    if (!first.signal.aborted) return drain();
    if (now() - firstAt < SAME_REQUEST_MS) return;
    second.abort();
    stopListening(REQUESTS);
  };
  const listenerFor = (signal: NodeJS.Signals) => {
    if (REQUESTS.includes(signal)) return drainOrInterrupt;
    return signal === "SIGHUP" && ignoresHangup ? () => {} : drain;
  };

  for (const signal of signals) {
    // Node.js listens itself if it was told to (--heapsnapshot-signal, --report-on-signal).
    if (signal === "SIGUSR2" && source.listenerCount(signal) > 0) continue;
    const listener = listenerFor(signal);
    listeners.set(signal, listener);
    source.on(signal, listener);
  }
  return {
    first: first.signal,
    second: second.signal,
    [Symbol.dispose]: () => stopListening([...listeners.keys()]),
  };
};
