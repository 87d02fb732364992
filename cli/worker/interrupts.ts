/**
 * The requests to stop a server or worker. The first one drains; the second one interrupts
 * everything that is still running.
 */
export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  [Symbol.dispose](): void;
}

/** A source of signals: `process`, or an emitter in a test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: () => void): unknown;
  listenerCount(signal: NodeJS.Signals): number;
}

/** The signals to handle, and options. */
export interface SignalOptions {
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** True if SIGHUP must have no effect; see `isUnderNohup`. */
  readonly ignoresHangup?: boolean;
  readonly now?: () => number;
}

/**
 * Signals within this time after the first one count as the same request. Under `npx`, one Ctrl-C
 * arrives twice: from the terminal, and a few milliseconds later forwarded by npm.
 */
export const SAME_REQUEST_MS = 100;

/**
 * Signals that users and supervisors send. They send a second signal if the drain takes too long.
 */
const STOP_REQUESTS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK"];
/**
 * Signals of the system. They may be repeated, so they never count as a second request. SIGHUP: the
 * terminal or the SSH session was closed. SIGXCPU: the CPU time limit is reached (sent once a
 * second). SIGUSR2: a batch system or nodemon will soon end the process.
 */
const SYSTEM_SIGNALS: readonly NodeJS.Signals[] = ["SIGHUP", "SIGXCPU", "SIGUSR2"];

/** The signals that drain a server or a worker. */
export const DRAIN_SIGNALS: readonly NodeJS.Signals[] = [...STOP_REQUESTS, ...SYSTEM_SIGNALS];

/**
 * Returns true if bash or zsh started this process with `nohup`. These shells export the path of
 * the command as `_`. The state of SIGHUP does not show whether `nohup` was used, because Node.js
 * resets an ignored SIGHUP when it starts.
 */
export function isUnderNohup(env: Readonly<Record<string, string | undefined>>): boolean {
  return /(^|\/)nohup$/.test(env["_"] ?? "");
}

/**
 * Listens for signals until the returned object is disposed. The listeners are removed at the
 * second request, so a third one ends the process immediately.
 */
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
    // If Node.js was started with --heapsnapshot-signal or --report-on-signal, it may use SIGUSR2
    // itself.
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
