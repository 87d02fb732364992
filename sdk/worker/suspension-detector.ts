const TICK_MS = 1_000;
/**
 * Minimum delay of a timer that is considered a suspension of the process, in milliseconds. A busy
 * event loop causes shorter delays.
 */
const MIN_SUSPENSION_MS = 5_000;

/** Clocks in milliseconds. */
const CLOCKS = { wall: () => Date.now(), monotonic: () => performance.now() };

/**
 * Detects that this process was suspended. While the machine sleeps, the wall clock continues, but
 * Linux's CLOCK_MONOTONIC stops. While only the process is stopped, both clocks continue. The
 * detector also reports a suspension if the wall clock is set forward; this false alarm only causes
 * one additional heartbeat.
 */
export class SuspensionDetector {
  readonly #clocks: typeof CLOCKS;
  readonly #onSuspension: (seconds: number) => void;
  readonly #timer = setInterval(() => this.check(), TICK_MS).unref();
  #wall: number;
  #monotonic: number;

  constructor(onSuspension: (seconds: number) => void, clocks = CLOCKS) {
    this.#onSuspension = onSuspension;
    this.#clocks = clocks;
    this.#wall = clocks.wall();
    this.#monotonic = clocks.monotonic();
  }

  /** Compares the clocks with their last values. */
  check(): void {
    const wall = this.#clocks.wall();
    const monotonic = this.#clocks.monotonic();
    const suspendedMs = Math.max(wall - this.#wall, monotonic - this.#monotonic) - TICK_MS;
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (suspendedMs >= MIN_SUSPENSION_MS) this.#onSuspension(suspendedMs / 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
