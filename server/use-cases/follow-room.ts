import type { Context } from "../context.ts";
import { type FollowInput, type FollowStream, StreamPacer } from "./follow.ts";

/** What changes in a room, from where the follower was, or from now on. */
export async function* followRoom(
  { feeds, bus }: Pick<Context, "feeds" | "bus">,
  roomId: string,
  { lastEventId, hold }: FollowInput,
): FollowStream<"followRoom"> {
  const pace = new StreamPacer(hold, bus);
  const { feed, leave } = await feeds.follow(roomId, pace.bell.notify);
  try {
    const known = lastEventId === undefined ? undefined : feed.placeOf(lastEventId);
    let place = known ?? feed.end;
    if (known === undefined) {
      yield { event: lastEventId === undefined ? "ready" : "reset", data: {}, id: feed.idOf(place) };
      pace.spoke();
    }
    for (;;) {
      pace.bell.reset();
      for (let next = feed.at(place); next !== undefined; next = feed.at(place)) {
        // After a gap there is nothing to be told one by one.
        place = next.event === "reset" ? feed.end : place + 1;
        yield { ...next, id: feed.idOf(place) };
        pace.spoke();
      }
      if (bus.state === "down") {
        yield { event: "reset", data: {}, id: feed.idOf(place) };
        pace.spoke();
      } else if (pace.mustBeat) {
        yield "beat";
        pace.spoke();
      }
      if (!(await pace.next())) return;
    }
  } finally {
    leave();
  }
}
