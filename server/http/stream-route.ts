import { Readable } from "node:stream";
import type { FastifyRequest, RouteOptions } from "fastify";
import type * as z from "zod";
import { formatWait, parseWait, type StreamOperation } from "../../protocol/index.ts";
import { stringify } from "../raw-json.ts";
import type { FollowInput } from "../use-cases/follow.ts";
import { getCaller, getPathParam, requireAccess } from "./callers.ts";
import { parsePart, type RouteDependencies } from "./operation-route.ts";
import { routeNotFound } from "./problems.ts";

/**
 * Maximum duration of a stream, in seconds. The client must then reconnect and authenticate again.
 */
const MAX_STREAM_SECONDS = 900;
/**
 * Additional time, after the maximum duration of a stream, in which a slow client can receive its
 * last events, in milliseconds. The server then closes the connection.
 */
const GRACE_MS = 10_000;

type ServerSentEvent = { readonly event: string; readonly id: string; readonly data: unknown } | "keep-alive";

type ServerSentEvents = AsyncGenerator<ServerSentEvent, void, undefined>;

type StreamQuery<O extends StreamOperation> = O extends { readonly query: infer Query extends z.ZodType }
  ? z.output<Query>
  : undefined;

/** Starts following a room or a task. `id` is the id of the room or the task. */
type Follow<O extends StreamOperation> = (
  id: string,
  input: FollowInput & { readonly query: StreamQuery<O> },
) => ServerSentEvents;

function parseQuery<O extends StreamOperation>(operation: O, request: FastifyRequest): StreamQuery<O>;
function parseQuery({ query }: StreamOperation, request: FastifyRequest): unknown {
  return parsePart(query, request.query, "query");
}

/**
 * Creates the route of a stream. The response starts only with the first event, so that an earlier
 * error can still be sent with its HTTP status.
 */
export function createStreamRoute<O extends StreamOperation>(
  operation: O,
  follow: Follow<O>,
  { auth, longPolls, userLimit }: RouteDependencies,
): RouteOptions {
  return {
    method: "GET",
    url: operation.path,
    exposeHeadRoute: false,
    onRequest: (request) => requireAccess(operation.access, auth, request),
    handler: async (request, reply) => {
      const caller = getCaller(request);
      const id = getPathParam(request, "room_id") ?? getPathParam(request, "task_id");
      if (id === undefined) throw routeNotFound();
      const query = parseQuery(operation, request);
      const header = request.headers["last-event-id"];
      const lastEventId = typeof header === "string" && header !== "" ? header.slice(0, 200) : undefined;
      const requested = parseWait(request.headers.prefer);
      const seconds = Math.min(requested ?? MAX_STREAM_SECONDS, MAX_STREAM_SECONDS);
      const userId = caller.actor.id;
      // A stream counts as a concurrent request of the user until it starts to wait or the
      // connection closes.
      const release = userLimit.acquire(userId);
      reply.raw.once("close", release);
      await longPolls.run(reply, { seconds, userId, kind: "stream", onWait: release }, async (longPoll) => {
        const events = follow(id, { caller, lastEventId, query, longPoll });
        const stream = Readable.from(formatEvents(await events.next(), events));
        const closed = new Promise<void>((resolve) => stream.once("close", resolve));
        const timeout = setTimeout(() => stream.destroy(), seconds * 1000 + GRACE_MS);
        reply.headers({ "cache-control": "no-store", "x-accel-buffering": "no" });
        if (requested !== undefined) reply.header("preference-applied", formatWait(seconds));
        reply.type("text/event-stream; charset=utf-8").send(stream);
        await closed;
        clearTimeout(timeout);
      });
      return reply;
    },
  };
}

/**
 * Yields the events as text. Takes the next event only after the previous one was sent, so that
 * events are not buffered in memory for a slow client.
 */
async function* formatEvents(
  first: IteratorResult<ServerSentEvent, void>,
  rest: ServerSentEvents,
): AsyncGenerator<string, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield formatEvent(next.value);
  } finally {
    await rest.return();
  }
}

function formatEvent(event: ServerSentEvent): string {
  if (event === "keep-alive") return ":\n\n";
  return `event: ${event.event}\nid: ${event.id}\ndata: ${stringify(event.data)}\n\n`;
}
