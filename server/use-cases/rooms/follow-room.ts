import type { Context } from "../../context.ts";
import { type FollowInput, type FollowStream, StreamPacer } from "../follow.ts";

/**
 * Streams the changes of a room. Starts after the event `lastEventId`, or with the next change if it is
 * undefined.
 */
export async function* followRoom(
  { roomFeeds, bus }: Pick<Context, "roomFeeds" | "bus">,
  roomId: string,
  { lastEventId, longPoll }: FollowInput,
): FollowStream<"followRoom"> {
  const pacer = new StreamPacer(longPoll, bus);
  const { feed, leave } = await roomFeeds.follow(roomId, pacer.wakeSignal.notify);
  try {
    const known = lastEventId === undefined ? undefined : feed.parseId(lastEventId);
    let position = known ?? feed.end;
    if (known === undefined) {
      yield { event: lastEventId === undefined ? "ready" : "reset", data: {}, id: feed.formatId(position) };
      pacer.markSent();
    }
    for (;;) {
      pacer.wakeSignal.reset();
      for (let event = feed.getEvent(position); event !== undefined; event = feed.getEvent(position)) {
        // After a `reset` the client reads the lists again, so the events up to now are skipped.
        position = event.event === "reset" ? feed.end : position + 1;
        yield { ...event, id: feed.formatId(position) };
        pacer.markSent();
      }
      if (bus.state === "down") {
        yield { event: "reset", data: {}, id: feed.formatId(position) };
        pacer.markSent();
      } else if (pacer.isKeepAliveDue) {
        yield "keep-alive";
        pacer.markSent();
      }
      if (!(await pacer.waitForNext())) return;
    }
  } finally {
    leave();
  }
}
