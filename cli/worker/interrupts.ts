/** The requests to stop: the first one drains, the second one interrupts what is still running. */
export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  [Symbol.dispose](): void;
}

/** Emits signals: `process`, or an emitter of a test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: () => void): unknown;
  listenerCount(signal: NodeJS.Signals): number;
}

/** Which signals are handled, and how. */
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

/** Signals of users and supervisors. A second one means that the drain takes too long. */
const STOP_REQUESTS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK"];
/**
 * Signals of the system, possibly repeated, so they never count as a second request: the terminal or the SSH session
 * was closed (SIGHUP), the CPU time limit is reached (SIGXCPU, once a second), a batch system or nodemon will soon
 * end the process (SIGUSR2).
 */
const SYSTEM_SIGNALS: readonly NodeJS.Signals[] = ["SIGHUP", "SIGXCPU", "SIGUSR2"];

/** The signals that drain a server or a worker. */
export const DRAIN_SIGNALS: readonly NodeJS.Signals[] = [...STOP_REQUESTS, ...SYSTEM_SIGNALS];

/**
 * Returns true if bash or zsh started this process with `nohup`: they export the path of the command as `_`. Node.js
 * resets an ignored SIGHUP at its start, so the state of the signal does not show it.
 */
export function isUnderNohup(env: Readonly<Record<string, string | undefined>>): boolean {
  return /(^|\/)nohup$/.test(env["_"] ?? "");
}

/** Listens for signals until it is disposed. A third request ends the process immediately, as without a listener. */
export function watchInterrupts(
  source: SignalSource,
  { signals = DRAIN_SIGNALS, ignoresHangup = false, now = () => performance.now() }: SignalOptions = {},
): Interrupts {
  const first = new AbortController();
  const second = new AbortController();
  const listeners = new Map<NodeJS.Signals, () => void>();
  let firstAt = 0;

  const stopListening = (stopped: readonly NodeJS.Signals[]) => {
    for (const signal of stopped) {
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
    stopListening(STOP_REQUESTS);
  };
  const getListener = (signal: NodeJS.Signals) => {
    if (STOP_REQUESTS.includes(signal)) return drainOrInterrupt;
    return signal === "SIGHUP" && ignoresHangup ? () => {} : drain;
  };

  for (const signal of signals) {
    // Node.js listens itself with --heapsnapshot-signal and --report-on-signal.
    if (signal === "SIGUSR2" && source.listenerCount(signal) > 0) continue;
    const listener = getListener(signal);
    listeners.set(signal, listener);
    source.on(signal, listener);
  }
  return {
    first: first.signal,
    second: second.signal,
    [Symbol.dispose]: () => stopListening([...listeners.keys()]),
  };
}
