import type { StreamEvent, StreamName } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "./long-poll.ts";

/** What follows: events, and a beat where there was none for a while, so that no proxy takes the connection for dead. */
export type FollowStream<Name extends StreamName> = AsyncGenerator<
  StreamEvent<Name> | "beat",
  void,
  undefined
>;

/** Who follows, from where, and for how long. */
export interface FollowInput {
  readonly caller: Caller;
  readonly lastEventId: string | undefined;
  readonly hold: LongPoll;
}

/** Many proxies cut what was silent for 30 s. */
const BEAT_MS = 15_000;
/** Changes in a hurry are read together. */
const BREATH_MS = 100;

/** The pauses of one follower: rung by a bus, ended by a deadline or by the signal. */
export class StreamPacer {
  readonly bell = new WakeSignal();
  readonly #deadline: number;
  readonly #signal: AbortSignal;
  readonly #bus: { readonly state: "up" | "down" };
  #lastWord = performance.now();

  constructor(hold: LongPoll, bus: { readonly state: "up" | "down" }) {
    this.#deadline = getDeadline(hold);
    this.#signal = hold.signal;
    this.#bus = bus;
  }

  /** Something was said just now. */
  spoke(): void {
    this.#lastWord = performance.now();
  }

  /** True where it is time for a beat. */
  get mustBeat(): boolean {
    return performance.now() - this.#lastWord >= BEAT_MS;
  }

  /** Waits for a ring, or until it is time to look or to beat; false where it is over. */
  async next(): Promise<boolean> {
    const left = () => this.#deadline - performance.now();
    if (left() <= 0 || this.#signal.aborted) return false;
    const untilBeat = Math.max(0, this.#lastWord + BEAT_MS - performance.now());
    const wait = Math.min(left(), untilBeat, getPollInterval(this.#bus));
    await this.bell.wait(wait, this.#signal);
    if (this.bell.isNotified)
      await new WakeSignal().wait(Math.min(BREATH_MS, Math.max(0, left())), this.#signal);
    return !this.#signal.aborted;
  }
}
