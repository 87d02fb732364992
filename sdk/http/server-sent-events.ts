import { createParser } from "eventsource-parser";
import {
  fillPath,
  ProblemDocument,
  type StreamEvent,
  type StreamName,
  type StreamOperation,
  streams,
} from "../../protocol/index.ts";
import { ConnectionError, ProblemError, ProtocolError, toProblemError } from "../errors.ts";
import { sleep } from "./abort.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createTooLargeError, isTooLargeError } from "./response-too-large.ts";
import { getRetryDelay, isTransient, type RetryPolicy } from "./retry.ts";
import type { Sender, StreamedResponse } from "./sender.ts";
import { createForeignResponseError, parseRetryAfter } from "./transport.ts";

/**
 * A connection is considered dead if it receives no data for this time. The server sends a comment every 15
 * s.
 */
const IDLE_TIMEOUT_MS = 45_000;

/** A stream to follow. */
export interface FollowRequest<Name extends StreamName> {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
  /** The `id` of the last event that was received. The stream continues after this event. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FollowEnvironment {
  readonly url: string;
  readonly send: Sender;
  readonly retry: RetryPolicy;
  headers(): Promise<Record<string, string>>;
}

/** Aborts `signal` when the caller's signal is aborted, or if no data arrives for `IDLE_TIMEOUT_MS`. */
class IdleTimeout implements Disposable {
  readonly #abort = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onAbort = () => this.#abort.abort(this.#callerSignal?.reason);
  #timer: NodeJS.Timeout | undefined;
  hasExpired = false;

  constructor(callerSignal: AbortSignal | undefined) {
    this.#callerSignal = callerSignal;
    callerSignal?.addEventListener("abort", this.#onAbort);
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.hasExpired = true;
      this.#abort.abort();
    }, IDLE_TIMEOUT_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener("abort", this.#onAbort);
  }
}

const readError = async (
  { status, headers, text, discard }: StreamedResponse,
  url: string,
): Promise<Error> => {
  if (!/json/.test(headers["content-type"] ?? "")) {
    await discard();
    return createForeignResponseError(status, url, "no event stream", headers);
  }
  try {
    const problem = ProblemDocument.safeParse(JSON.parse(await text()));
    if (problem.success) return toProblemError(problem.data, parseRetryAfter(headers["retry-after"]));
  } catch {
    // The body is not a problem document. The error is created below.
  }
  return createForeignResponseError(
    status,
    url,
    "an error that is not a problem document of joblib",
    headers,
  );
};

/** Yields the events of one connection. Returns when it ends, and throws if it breaks. */
async function* readEvents<Name extends StreamName>(
  { name, params, lastEventId, signal }: FollowRequest<Name>,
  environment: FollowEnvironment,
): AsyncGenerator<StreamEvent<Name>, void, undefined> {
  const operation: StreamOperation = streams[name];
  const url = environment.url + fillPath(operation.path, params);
  using idleTimeout = new IdleTimeout(signal);
  let hasReceivedEvent = false;
  const headers = {
    ...(await environment.headers()),
    accept: "text/event-stream, application/problem+json",
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
  };
  try {
    const init = { method: "GET", headers, redirect: "manual", signal: idleTimeout.signal } as const;
    const response = await environment.send(url, init);
    const isStream =
      response.status === 200 && /^text\/event-stream/.test(response.headers["content-type"] ?? "");
    if (!isStream) throw await readError(response, url);
    const received: { event: string; id: string; data: string }[] = [];
    let isTooLarge = false;
    const parser = createParser({
      maxBufferSize: MAX_RESPONSE_BYTES,
      onEvent: ({ event = "", id = "", data }) => received.push({ event, id, data }),
      onError: ({ type }) => {
        isTooLarge ||= type === "max-buffer-size-exceeded";
      },
    });
    for await (const chunk of response.chunks()) {
      idleTimeout.restart();
      parser.feed(chunk);
      if (isTooLarge) throw createTooLargeError(url, response.status);
      for (const { event, id, data } of received.splice(0)) {
        const schema = operation.events[event];
        // A newer server may send events that this client does not know.
        if (schema === undefined) continue;
        const parsed = schema.safeParse(JSON.parse(data));
        if (!parsed.success) throw new ProtocolError(`${url} sent an invalid ${event} event`, 200);
        hasReceivedEvent = true;
        // The schema of the event has parsed the data, so the type is correct.
        yield { event, id, data: parsed.data } as StreamEvent<Name>;
      }
    }
  } catch (error) {
    if (idleTimeout.hasExpired)
      throw new ConnectionError(`no data from ${url} for ${IDLE_TIMEOUT_MS / 1000} s`, { cause: error });
    signal?.throwIfAborted();
    // If an event was received, a connection that exceeds the size limit is reopened after this event. If
    // none was received, every attempt would fail in the same way.
    if (isTooLargeError(error) && !hasReceivedEvent) throw createTooLargeError(url, 200, error);
    if (error instanceof SyntaxError)
      throw new ProtocolError(`${url} sent an event with invalid JSON`, 200, { cause: error });
    if (error instanceof ProtocolError || isTransient(error) || error instanceof ProblemError) throw error;
    throw new ConnectionError(`the stream from ${new URL(url).origin} was interrupted`, { cause: error });
  }
}

/**
 * Yields the events of a stream and never ends by itself. After an interruption, it reconnects and continues
 * after the last event. Throws errors that retries cannot fix (401, 403, 404, or a response that is not from
 * joblib), and the reason of `signal`.
 */
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
