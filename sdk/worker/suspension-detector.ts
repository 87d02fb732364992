/** A wall clock and a monotonic clock, both in milliseconds. */
export interface Clocks {
  wall(): number;
  monotonic(): number;
}

const CLOCKS: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };
const TICK_MS = 1_000;
/** Minimum duration that counts as a suspension. A busy event loop delays timers less, or has missed heartbeats too. */
const MIN_SUSPENSION_MS = 5_000;

/**
 * Detects that this process was suspended: either the machine slept (Linux's CLOCK_MONOTONIC stops, the wall
 * clock goes on), or the process was stopped (both clocks go on). Setting the wall clock forward is a false
 * alarm, which costs one heartbeat.
 */
export class SuspensionDetector {
  readonly #clocks: Clocks;
  readonly #onSuspension: (seconds: number) => void;
  readonly #timer: NodeJS.Timeout;
  #wall: number;
  #monotonic: number;

  constructor(onStill: (seconds: number) => void, clocks: Clocks = CLOCKS) {
    this.#onSuspension = onStill;
    this.#clocks = clocks;
    this.#wall = clocks.wall();
    this.#monotonic = clocks.monotonic();
    this.#timer = setInterval(() => this.check(), TICK_MS);
    this.#timer.unref();
  }

  /** Compares the clocks with their last values. A caller can run it before it relies on its leases. */
  check(): void {
    const wall = this.#clocks.wall();
    const monotonic = this.#clocks.monotonic();
    const suspendedMs = Math.max(wall - this.#wall, monotonic - this.#monotonic) - TICK_MS;
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (suspendedMs >= MIN_SUSPENSION_MS) this.#onSuspension(suspendedMs / 1000);
  }

  /** Stops the checks. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
