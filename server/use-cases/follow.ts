import type { StreamEvent, StreamName } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Serializable } from "../raw-json.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../state/long-poll.ts";

/** An event whose data may be serialized already. */
export type SerializableEvent<Event> = Event extends { readonly data: infer Data }
  ? Omit<Event, "data"> & { readonly data: Serializable<Data> }
  : never;

/**
 * A stream of events. If there was no event for a while, a keep-alive is sent, so that proxies do not close
 * the connection.
 */
export type FollowStream<Name extends StreamName> = AsyncGenerator<
  SerializableEvent<StreamEvent<Name>> | "keep-alive",
  void,
  undefined
>;

/** A request to follow a room or a task. */
export interface FollowInput {
  readonly caller: Caller;
  /** Value of the `Last-Event-ID` header. */
  readonly lastEventId: string | undefined;
  readonly longPoll: LongPoll;
}

/** Time without an event after which a keep-alive is sent. Many proxies close connections that are silent for 30 s. */
const KEEP_ALIVE_MS = 15_000;
/** Time to wait after a notification. Changes in quick succession are then read together. */
const BATCH_DELAY_MS = 100;

/** Decides when a stream reads again, sends a keep-alive or ends. */
export class StreamPacer {
  readonly wakeSignal = new WakeSignal();
  readonly #deadline: number;
  readonly #signal: AbortSignal;
  readonly #bus: { readonly state: "up" | "down" };
  #lastSentAt = performance.now();

  constructor(longPoll: LongPoll, bus: { readonly state: "up" | "down" }) {
    this.#deadline = getDeadline(longPoll);
    this.#signal = longPoll.signal;
    this.#bus = bus;
  }

  /** Records that an event or a keep-alive was sent now. */
  markSent(): void {
    this.#lastSentAt = performance.now();
  }

  get isKeepAliveDue(): boolean {
    return performance.now() - this.#lastSentAt >= KEEP_ALIVE_MS;
  }

  /** Waits for a notification, the next poll or the next keep-alive. Returns false if the stream must end. */
  async waitForNext(): Promise<boolean> {
    const left = () => this.#deadline - performance.now();
    if (left() <= 0 || this.#signal.aborted) return false;
    const untilKeepAlive = Math.max(0, this.#lastSentAt + KEEP_ALIVE_MS - performance.now());
    const timeout = Math.min(left(), untilKeepAlive, getPollInterval(this.#bus));
    await this.wakeSignal.wait(timeout, this.#signal);
    if (this.wakeSignal.isNotified)
      await new WakeSignal().wait(Math.min(BATCH_DELAY_MS, Math.max(0, left())), this.#signal);
    return !this.#signal.aborted;
  }
}
