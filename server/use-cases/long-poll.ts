/** How long a request may be held open, and whether anybody still waits for its answer. */
export interface LongPoll {
  /** Seconds, after the server's cap; 0: answer at once. */
  readonly seconds: number;
  /** Aborted when the client is gone, or the server closes. */
  readonly signal: AbortSignal;
  /** True where nobody is there to be answered. */
  readonly isClientGone: boolean;
}

/** When a hold ends, by the monotonic clock in milliseconds. */
export const getDeadline = (hold: LongPoll): number => performance.now() + hold.seconds * 1000;

/** A bell that can be rung before anybody waits for it, so that no ring falls between a read and a wait. */
export class WakeSignal {
  #isRung = false;
  #resolve: (() => void) | undefined;

  get isNotified(): boolean {
    return this.#isRung;
  }

  /** True while somebody waits for a ring. */
  get isWaiting(): boolean {
    return this.#resolve !== undefined;
  }

  notify = (): void => {
    this.#isRung = true;
    this.#resolve?.();
  };

  /** Ends a wait without a ring. */
  release(): void {
    this.#resolve?.();
  }

  /** Forgets a ring: what is read next is newer. */
  reset(): void {
    this.#isRung = false;
  }

  /** Until it rings, the time is over, or the signal aborts. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isRung || signal.aborted || milliseconds <= 0) return;
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

/** While events may be lost an end is told within a second, the reading included. */
const PAUSE_MS = 800;

/** How long to wait before reading again in any case: less than a second while events may be lost, else a few. */
export const getPollInterval = (bus: { readonly state: "up" | "down" }, seconds = 5): number =>
  bus.state === "down" ? PAUSE_MS : seconds * 1000 * (0.8 + 0.4 * Math.random());
