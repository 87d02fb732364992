import { createParser, type EventSourceMessage } from "eventsource-parser";
import {
  fillPath,
  type StreamEvent,
  type StreamName,
  type StreamOperation,
  streams,
} from "../../protocol/index.ts";
import { ConnectionError, JoblibError, ProtocolError } from "../errors.ts";
import { rejectOnAbort, sleep, TimedAbort } from "./abort.ts";
import type { FetchLike, FollowOptions } from "./options.ts";
import { createResponseError, createStatusError, MAX_RESPONSE_BYTES, readJson } from "./responses.ts";
import { getRetryDelay, isTransient, type RetryPolicy } from "./retry.ts";

/**
 * Time without data after which a connection is considered dead. The server sends at least a
 * comment every 15 s.
 */
const IDLE_TIMEOUT_MS = 45_000;

interface FollowRequest<Name extends StreamName> extends FollowOptions {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
}

interface FollowEnvironment {
  readonly url: string;
  readonly fetch: FetchLike;
  readonly retry: RetryPolicy;
  getHeaders(): Record<string, string> | Promise<Record<string, string>>;
}

/** Implements `JoblibClient.follow`. */
export async function* follow<Name extends StreamName>(
  request: FollowRequest<Name>,
  environment: FollowEnvironment,
): AsyncGenerator<StreamEvent<Name>, void, undefined> {
  const { signal } = request;
  let lastEventId = request.lastEventId;
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    let error: unknown;
    try {
      for await (const event of readEvents({ ...request, lastEventId }, environment)) {
        failures = 0;
        lastEventId = event.id === "" ? lastEventId : event.id;
        yield event;
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!isTransient(thrown)) throw thrown;
      failures += 1;
      error = thrown;
      if (failures >= environment.retry.attempts) throw thrown;
    }
    await sleep(getRetryDelay(Math.max(1, failures), environment.retry, error) * 1000, signal);
  }
}

/**
 * Yields the events of one connection. Returns if the server ends the stream, and throws an error
 * if the connection is interrupted.
 */
async function* readEvents<Name extends StreamName>(
  { name, params, query = {}, lastEventId, signal }: FollowRequest<Name>,
  environment: FollowEnvironment,
): AsyncGenerator<StreamEvent<Name>, void, undefined> {
  const operation: StreamOperation = streams[name];
  const search = new URLSearchParams(query).toString();
  const url = `${environment.url}${fillPath(operation.path, params)}${search && `?${search}`}`;
  const headers = {
    ...(await environment.getHeaders()),
    accept: "text/event-stream, application/problem+json",
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
  };
  const abort = new TimedAbort(
    signal,
    IDLE_TIMEOUT_MS,
    () => new ConnectionError(`no data from ${url} for ${IDLE_TIMEOUT_MS / 1000} s`),
  );
  try {
    const init = { method: "GET", headers, redirect: "manual", signal: abort.signal } as const;
    const response = await rejectOnAbort(environment.fetch(url, init), abort);
    const { status } = response;
    const facts = { url, status, headers: Object.fromEntries(response.headers) };
    if (status !== 200 || !/^text\/event-stream/.test(facts.headers["content-type"] ?? "")) {
      const json = await readJson(response, url);
      throw status >= 400 ? createStatusError(json) : createResponseError("no-event-stream", facts);
    }
    const received: EventSourceMessage[] = [];
    let isTooLarge = false;
    const parser = createParser({
      maxBufferSize: MAX_RESPONSE_BYTES,
      onEvent: (message) => received.push(message),
      onError: ({ type }) => {
        isTooLarge ||= type === "max-buffer-size-exceeded";
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      abort.restart();
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (isTooLarge) throw createResponseError("too-large", facts);
      for (const { event = "", id = "", data } of received.splice(0)) {
        const schema = operation.events[event];
        // Skips unknown events, which a newer server may send.
        if (schema === undefined) continue;
        const parsed = schema.safeParse(JSON.parse(data));
        if (!parsed.success) throw new ProtocolError(`${url} sent an invalid ${event} event`, 200);
        // The data was parsed with the schema of the event, so it has the asserted type.
        yield { event, id, data: parsed.data } as StreamEvent<Name>;
      }
    }
  } catch (error) {
    abort.throwIfAborted();
    if (error instanceof SyntaxError)
      throw new ProtocolError(`${url} sent an event with invalid JSON`, 200, { cause: error });
    if (error instanceof JoblibError) throw error;
    throw new ConnectionError(`the stream from ${new URL(url).origin} was interrupted`, { cause: error });
  } finally {
    // If the response was not read to its end, aborting closes the connection.
    abort.abort();
    abort.release();
  }
}
