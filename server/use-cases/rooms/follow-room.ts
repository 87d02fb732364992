import type { Context } from "../../context.ts";
import { WakeSignal } from "../../state/long-poll.ts";
import { type FollowEvent, type FollowInput, streamEvents } from "../follow.ts";

/** Streams the changes of a room after the event `lastEventId`, or from now on. */
export async function* followRoom(
  { roomFeeds, bus }: Context,
  roomId: string,
  { lastEventId, longPoll }: FollowInput,
): AsyncGenerator<FollowEvent<"followRoom"> | "keep-alive", void> {
  const wakeSignal = new WakeSignal();
  const { feed, leave } = await roomFeeds.follow(roomId, wakeSignal.notify);
  const known = lastEventId === undefined ? undefined : feed.parseId(lastEventId);
  let position = known ?? feed.end;

  async function* readEvents(): AsyncGenerator<FollowEvent<"followRoom">> {
    for (let event = feed.getEvent(position); event !== undefined; event = feed.getEvent(position)) {
      // After a `reset`, the client reads the lists again, so the earlier events are skipped.
      position = event.event === "reset" ? feed.end : position + 1;
      yield { ...event, id: feed.formatId(position) };
    }
    if (bus.state === "down") yield { event: "reset", data: {}, id: feed.formatId(position) };
  }

  try {
    if (known === undefined)
      yield { event: lastEventId === undefined ? "ready" : "reset", data: {}, id: feed.formatId(position) };
    yield* streamEvents(readEvents, wakeSignal, { bus, longPoll });
  } finally {
    leave();
  }
}
