import { Readable } from "node:stream";
import type { RouteOptions } from "fastify";
import { formatWait, Problem, parseWait, type StreamOperation } from "../../protocol/index.ts";
import { stringify } from "../raw-json.ts";
import type { FollowInput } from "../use-cases/follow.ts";
import { createAccessCheck, getPathParam, type RouteParts } from "./operation-route.ts";

/** A stream ends after so long: then its client comes again, and its credentials are looked at anew. */
const LONGEST_SECONDS = 900;
/** A reader that has not taken the end by then is cut off. */
const GRACE_MS = 10_000;

/** One event, with its data as it goes on the wire. */
interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

type Telling = AsyncGenerator<Told | "beat", void, undefined>;

/** What follows for one request; the name of the room or of the task stands in its path. */
export type Follow = (about: string, wish: FollowInput) => Telling;

const textOf = (told: Told | "beat"): string =>
  told === "beat" ? ":\n\n" : `event: ${told.event}\nid: ${told.id}\ndata: ${stringify(told.data)}\n\n`;

/** The texts of what follows, written as fast as they are read: who is slow is told of fewer steps, and nothing piles up. */
async function* texts(
  first: IteratorResult<Told | "beat", void>,
  rest: Telling,
): AsyncGenerator<string, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield textOf(next.value);
  } finally {
    await rest.return();
  }
}

const secondsOf = (
  prefer: string | string[] | undefined,
): { seconds: number; applied: string | undefined } => {
  const asked = parseWait(prefer);
  const seconds = Math.min(asked ?? LONGEST_SECONDS, LONGEST_SECONDS);
  return { seconds, applied: asked === undefined ? undefined : formatWait(seconds) };
};

/** A stream as a route: refused as any operation is, for the first event is there before the answer begins. */
export const createStreamRoute = (
  entry: StreamOperation,
  follow: Follow,
  parts: RouteParts,
): RouteOptions => {
  const { admit, callerOf } = createAccessCheck(entry.access, parts);
  return {
    method: "GET",
    url: entry.path,
    exposeHeadRoute: false,
    onRequest: admit,
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const about = getPathParam(request, "room_id") ?? getPathParam(request, "task_id");
      if (about === undefined) throw new Problem("route-not-found", "There is nothing at this address.");
      const id = request.headers["last-event-id"];
      const lastEventId = typeof id === "string" && id !== "" ? id.slice(0, 200) : undefined;
      const { seconds, applied } = secondsOf(request.headers.prefer);
      const userId = caller.actor.id;
      // One that does not wait is a request at work, for as long as its reader takes.
      const putBack = parts.shares.take(userId);
      reply.raw.once("close", putBack);
      const wait = { seconds, userId, what: "stream" as const, onWait: putBack };
      await parts.holds.during(reply, wait, async (hold) => {
        const followed = follow(about, { caller, lastEventId, hold });
        const stream = Readable.from(texts(await followed.next(), followed));
        const gone = new Promise<void>((resolve) => stream.once("close", resolve));
        const late = setTimeout(() => stream.destroy(), seconds * 1000 + GRACE_MS);
        reply.header("cache-control", "no-store").header("x-accel-buffering", "no");
        if (applied !== undefined) reply.header("preference-applied", applied);
        reply.type("text/event-stream; charset=utf-8").send(stream);
        await gone;
        clearTimeout(late);
      });
      return reply;
    },
  };
};
