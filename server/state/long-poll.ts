/** A request that may wait: its maximum duration, and whether its client is still connected. */
export interface LongPoll {
  /** Maximum duration in seconds, limited by the server's setting. 0 means that the response is immediate. */
  readonly seconds: number;
  /** Aborted when the client disconnects or the server closes. */
  readonly signal: AbortSignal;
  /** True if the client disconnected before it received the response. */
  readonly isClientGone: boolean;
}

/** Returns the time at which a long poll ends, in milliseconds of the monotonic clock (`performance.now()`). */
export const getDeadline = (longPoll: LongPoll): number => performance.now() + longPoll.seconds * 1000;

/** Wakes a waiting request. Remembers a notification, so that none is lost between a read and the wait. */
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

  /** Ends the wait without a notification. */
  release(): void {
    this.#resolve?.();
  }

  /**
   * Discards a notification. Call this before a read, which returns data that is at least as new as the notification.
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

/** Poll interval while events may be lost, so that a change is reported within one second. */
const INTERVAL_WITHOUT_BUS_MS = 800;

/** Returns the milliseconds until the next poll: `seconds` ± 20 %, or less than 1 s while the bus is down. */
export const getPollInterval = (bus: { readonly state: "up" | "down" }, seconds = 5): number =>
  bus.state === "down" ? INTERVAL_WITHOUT_BUS_MS : seconds * 1000 * (0.8 + 0.4 * Math.random());
