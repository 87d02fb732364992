import { createParser } from "eventsource-parser";
import {
  fillPath,
  ProblemDocument,
  type StreamEvent,
  type StreamName,
  type StreamOperation,
  streams,
} from "../protocol/index.ts";
import { ConnectionError, errorOf, ProblemError, ProtocolError } from "./errors.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createTooLargeError, isTooLargeError } from "./response-too-large.ts";
import { getRetryDelay, isTransient, type RetryPolicy } from "./retry.ts";
import type { Sender, StreamedResponse } from "./senders.ts";
import { sleep } from "./sleep.ts";
import { createForeignResponseError, parseRetryAfter } from "./transport.ts";

/** The server beats every 15 s; who has heard nothing for so long is not connected any more. */
const IDLE_TIMEOUT_MS = 45_000;

/** How a stream is asked for. */
export interface FollowRequest<Name extends StreamName> {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
  /** The `id` of the event to go on from. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How the stream's client reaches its server. */
export interface FollowEnvironment {
  readonly url: string;
  readonly send: Sender;
  readonly retry: RetryPolicy;
  headers(): Promise<Record<string, string>>;
}

/** Aborted with the caller's signal, or when nothing was heard for too long. */
class IdleTimeout implements Disposable {
  readonly #abort = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #onAbort = () => this.#abort.abort(this.#given?.reason);
  #timer: NodeJS.Timeout | undefined;
  isSilent = false;

  constructor(given: AbortSignal | undefined) {
    this.#given = given;
    given?.addEventListener("abort", this.#onAbort);
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isSilent = true;
      this.#abort.abort();
    }, IDLE_TIMEOUT_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener("abort", this.#onAbort);
  }
}

const readError = async (
  { status, headers, text, discard }: StreamedResponse,
  url: string,
): Promise<Error> => {
  if (!/json/.test(headers["content-type"] ?? "")) {
    await discard();
    return createForeignResponseError(status, url, "no stream of events", headers);
  }
  try {
    const problem = ProblemDocument.safeParse(JSON.parse(await text()));
    if (problem.success) return errorOf(problem.data, parseRetryAfter(headers["retry-after"]));
  } catch {
    // What cannot be read is nobody's problem document.
  }
  return createForeignResponseError(status, url, "an error that is not joblib's", headers);
};

/** The events of one connection, until it ends or breaks. */
async function* readEvents<Name extends StreamName>(
  { name, params, lastEventId, signal }: FollowRequest<Name>,
  home: FollowEnvironment,
): AsyncGenerator<StreamEvent<Name>, void, undefined> {
  const entry: StreamOperation = streams[name];
  const url = home.url + fillPath(entry.path, params);
  using hearing = new IdleTimeout(signal);
  let isHeard = false;
  const headers = {
    ...(await home.headers()),
    accept: "text/event-stream, application/problem+json",
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
  };
  try {
    const init = { method: "GET", headers, redirect: "manual", signal: hearing.signal } as const;
    const answer = await home.send(url, init);
    const isStream =
      answer.status === 200 && /^text\/event-stream/.test(answer.headers["content-type"] ?? "");
    if (!isStream) throw await readError(answer, url);
    const arrived: { event: string; id: string; data: string }[] = [];
    let isEndless = false;
    const parser = createParser({
      maxBufferSize: MAX_RESPONSE_BYTES,
      onEvent: ({ event = "", id = "", data }) => arrived.push({ event, id, data }),
      onError: ({ type }) => {
        isEndless ||= type === "max-buffer-size-exceeded";
      },
    });
    for await (const chunk of answer.chunks()) {
      hearing.heard();
      parser.feed(chunk);
      if (isEndless) throw createTooLargeError(url, answer.status);
      for (const { event, id, data } of arrived.splice(0)) {
        const schema = entry.events[event];
        // A newer server may tell of more than this client knows.
        if (schema === undefined) continue;
        const parsed = schema.safeParse(JSON.parse(data));
        if (!parsed.success) throw new ProtocolError(`${url} sent an event ${event} out of contract`, 200);
        isHeard = true;
        // What the event's own schema has made is what its type says.
        yield { event, id, data: parsed.data } as StreamEvent<Name>;
      }
    }
  } catch (error) {
    if (hearing.isSilent)
      throw new ConnectionError(`nothing was heard from ${url} for too long`, { cause: error });
    signal?.throwIfAborted();
    // A connection that has told much is made again; one that is full before its first event never tells any.
    if (isTooLargeError(error) && !isHeard) throw createTooLargeError(url, 200, error);
    if (error instanceof SyntaxError)
      throw new ProtocolError(`${url} sent what is no JSON`, 200, { cause: error });
    if (error instanceof ProtocolError || isTransient(error) || error instanceof ProblemError) throw error;
    throw new ConnectionError(`the stream from ${new URL(url).origin} broke`, { cause: error });
  }
}

/**
 * A stream's events, without an end: a connection that ends or breaks is made again behind the last event. What no
 * waiting mends is thrown: 401, 403, 404, an answer that is not joblib's. Aborting `signal` ends it with its reason.
 */
export async function* follow<Name extends StreamName>(
  request: FollowRequest<Name>,
  home: FollowEnvironment,
): AsyncGenerator<StreamEvent<Name>, void, undefined> {
  const { signal } = request;
  let lastEventId = request.lastEventId;
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    let error: unknown;
    try {
      for await (const event of readEvents({ ...request, lastEventId }, home)) {
        failures = 0;
        lastEventId = event.id === "" ? lastEventId : event.id;
        yield event;
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!isTransient(thrown)) throw thrown;
      failures += 1;
      error = thrown;
      if (failures >= home.retry.attempts) throw thrown;
    }
    await sleep(getRetryDelay(Math.max(1, failures), home.retry, error) * 1000, signal);
  }
}
