/** A request that the server may keep open until something happens. */
export interface LongPoll {
  /** Maximum time to wait, in seconds. 0 means that the server responds immediately. */
  readonly seconds: number;
  /** Aborted when the client disconnects or the server closes. */
  readonly signal: AbortSignal;
  /** True if the client disconnected before it received the response. */
  readonly isClientGone: boolean;
}

/**
 * Returns the time at which a long poll ends, in milliseconds of the monotonic clock
 * (`performance.now()`).
 */
export const getDeadline = (longPoll: LongPoll): number => performance.now() + longPoll.seconds * 1000;

/**
 * Wakes a waiting request. A notification that arrives before the request waits is remembered, so
 * that the request does not miss a change between its query of the database and its wait.
 */
export class WakeSignal {
  #isNotified = false;
  #resolve: (() => void) | undefined;

  get isNotified(): boolean {
    return this.#isNotified;
  }

  /** True while a call of `wait` is pending. */
  get isWaiting(): boolean {
    return this.#resolve !== undefined;
  }

  notify = (): void => {
    this.#isNotified = true;
    this.#resolve?.();
  };

  /** Ends a pending call of `wait` without a notification. */
  release(): void {
    this.#resolve?.();
  }

  /**
   * Discards a notification. Must be called before the database is read, never after it: the result
   * may lack a change whose notification arrived during the query.
   */
  reset(): void {
    this.#isNotified = false;
  }

  /** Waits until there is a notification, the timeout has expired or the signal is aborted. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isNotified || signal.aborted || milliseconds <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.ceil(milliseconds));
    this.#resolve = resolve;
    const onAbort = () => resolve();
    signal.addEventListener("abort", onAbort);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(timer);
      this.#resolve = undefined;
    }
  }
}

/**
 * Interval of database polls while the event bus is down, in milliseconds. Polls are then the only
 * way to detect a change, and clients should learn of it within one second.
 */
const INTERVAL_WITHOUT_BUS_MS = 800;

/**
 * Returns the milliseconds until the next poll of the database: `seconds` ± 20 %, so that requests
 * do not all poll at the same time. While the event bus is down, less than one second.
 */
export const getPollInterval = (bus: { readonly state: "up" | "down" }, seconds = 5): number =>
  bus.state === "down" ? INTERVAL_WITHOUT_BUS_MS : seconds * 1000 * (0.8 + 0.4 * Math.random());
