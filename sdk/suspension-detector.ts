/** Both in milliseconds: the wall clock's, and one that only goes forward. */
export interface Clocks {
  wall(): number;
  monotonic(): number;
}

const CLOCKS: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };
const TICK_MS = 1_000;
/** A busy event loop is late by less, or has lost its beats as well. */
const MIN_SUSPENSION_MS = 5_000;

/**
 * Notices that this process stood still: a laptop that was closed (its monotonic clock stops, the wall clock goes on:
 * Linux's CLOCK_MONOTONIC), or a process that was stopped (both go on). A wall clock that somebody sets is a false alarm
 * that costs a question.
 */
export class SuspensionDetector {
  readonly #clocks: Clocks;
  readonly #onStill: (seconds: number) => void;
  readonly #timer: NodeJS.Timeout;
  #wall: number;
  #monotonic: number;

  constructor(onStill: (seconds: number) => void, clocks: Clocks = CLOCKS) {
    this.#onStill = onStill;
    this.#clocks = clocks;
    this.#wall = clocks.wall();
    this.#monotonic = clocks.monotonic();
    this.#timer = setInterval(() => this.check(), TICK_MS);
    this.#timer.unref();
  }

  /** Compares the clocks with how they stood; who is about to act on what it knew looks once more. */
  check(): void {
    const wall = this.#clocks.wall();
    const monotonic = this.#clocks.monotonic();
    const still = Math.max(wall - this.#wall, monotonic - this.#monotonic) - TICK_MS;
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (still >= MIN_SUSPENSION_MS) this.#onStill(still / 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
