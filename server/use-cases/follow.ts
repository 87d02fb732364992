import type { StreamEvent, StreamName } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { EventBus } from "../ports.ts";
import type { Serializable } from "../raw-json.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../state/long-poll.ts";

export type SerializableEvent<Event> = Event extends { readonly data: infer Data }
  ? Omit<Event, "data"> & { readonly data: Serializable<Data> }
  : never;

/** An event of a stream. Its data may already be serialized. */
export type FollowEvent<Name extends StreamName> = SerializableEvent<StreamEvent<Name>>;

export interface FollowInput {
  readonly caller: Caller;
  /** Value of the `Last-Event-ID` header. */
  readonly lastEventId: string | undefined;
  readonly longPoll: LongPoll;
}

/**
 * Interval of keep-alive messages, in milliseconds. Many proxies close connections that send no
 * data for 30 s.
 */
const KEEP_ALIVE_MS = 15_000;
/**
 * Default delay after a notification, in milliseconds, so that changes in quick succession are read
 * together.
 */
const BATCH_DELAY_MS = 100;

interface StreamOptions {
  readonly bus: Pick<EventBus, "state">;
  readonly longPoll: LongPoll;
  /**
   * Minimum time between two calls of `readEvents`, in milliseconds. Replaces the delay after each
   * notification (`BATCH_DELAY_MS`).
   */
  readonly minIntervalMs?: number;
}

/**
 * Yields the events of `readEvents` after each notification or poll interval, until the long poll
 * ends. Yields `keep-alive` if there was no event for a while.
 */
export async function* streamEvents<Event>(
  readEvents: () => AsyncIterable<Event>,
  wakeSignal: WakeSignal,
  { bus, longPoll, minIntervalMs }: StreamOptions,
): AsyncGenerator<Event | "keep-alive", void> {
  const { signal } = longPoll;
  const deadline = getDeadline(longPoll);
  let lastSentAt = performance.now();
  for (;;) {
    const readAt = performance.now();
    wakeSignal.reset();
    for await (const event of readEvents()) {
      yield event;
      lastSentAt = performance.now();
    }
    if (performance.now() - lastSentAt >= KEEP_ALIVE_MS) {
      yield "keep-alive";
      lastSentAt = performance.now();
    }
    const now = performance.now();
    if (now >= deadline || signal.aborted) return;
    const untilKeepAlive = Math.max(0, lastSentAt + KEEP_ALIVE_MS - now);
    await wakeSignal.wait(Math.min(deadline - now, untilKeepAlive, getPollInterval(bus)), signal);
    if (wakeSignal.isNotified) {
      const batchDelay =
        minIntervalMs === undefined ? BATCH_DELAY_MS : readAt + minIntervalMs - performance.now();
      await new WakeSignal().wait(Math.min(batchDelay, deadline - performance.now()), signal);
    }
    if (signal.aborted) return;
  }
}
