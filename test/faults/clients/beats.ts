import { elapse } from "../clock.ts";
import type { Hand } from "./hand.ts";

const PAUSE_MS = 500;

/** A hand's signs of life, until they are disposed of: on a busy machine two seconds pass between any two of its words. */
export class Beats implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  constructor(hand: Hand) {
    this.#running = this.#beat(hand);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #beat(hand: Hand): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await hand.beat();
      await elapse(PAUSE_MS, signal);
    }
  }
}
