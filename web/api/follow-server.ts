import { createParser } from "eventsource-parser";
import {
  fillPath,
  type StreamEvent,
  type StreamName,
  type StreamOperation,
  streams,
} from "../../protocol/index.ts";
import type { ApiServer, Credentials } from "./api-server.ts";
import { createNoResponseFailure, Failure, parseFailure } from "./failure.ts";
import { sleep } from "./sleep.ts";

/**
 * Maximum time without data before a stream reconnects. The server sends a keep-alive every 15 s,
 * so this is the duration of three keep-alive intervals.
 */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;

/**
 * The state of a stream. `cut-off`: the stream is reconnecting. `refused`: the stream ended with an
 * error that a retry cannot fix.
 */
export type StreamState = "connecting" | "live" | "cut-off" | "refused";

/** A stream to follow, and the callbacks for its events. */
export interface FollowOptions<Name extends StreamName> {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The id of the last event that the page has received. The stream continues after this event. */
  readonly lastEventId?: string | undefined;
  onEvent(event: StreamEvent<Name>): void;
  onState(state: StreamState, failure?: Failure): void;
}

/** Aborts a stream that has received no data for too long. */
class SilenceTimeout implements Disposable {
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), SILENCE_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

const open = async (
  server: ApiServer,
  path: string,
  signal: AbortSignal,
  lastEventId: string | undefined,
) => {
  const credentials: Credentials = await server.credentials();
  const response = await fetch(server.base + path, {
    headers: {
      ...credentials,
      accept: "text/event-stream, application/problem+json",
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    },
    signal,
  });
  if (response.status === 401) server.onUnauthorized(credentials);
  const isStream =
    response.ok &&
    /^text\/event-stream/.test(response.headers.get("content-type") ?? "") &&
    response.body !== null;
  if (!isStream) throw parseFailure(response.status, await response.text());
  return response.body as ReadableStream<Uint8Array>;
};

/** Reads the events of a connection until the connection ends or fails. */
const readConnection = async <Name extends StreamName>(
  server: ApiServer,
  { name, params, signal, onEvent, onState }: FollowOptions<Name>,
  lastEventId: string | undefined,
  onId: (id: string) => void,
): Promise<void> => {
  const entry: StreamOperation = streams[name];
  using silence = new SilenceTimeout();
  silence.reset();
  const both = AbortSignal.any([signal, silence.signal]);
  const body = await open(server, fillPath(entry.path, params), both, lastEventId);
  onState("live");
  const parser = createParser({
    onEvent: ({ event = "", id = "", data }) => {
      if (id !== "") onId(id);
      // Ignores unknown events, because a newer server may send events that this version of the
      // dashboard does not know.
      const parsed = entry.events[event]?.safeParse(JSON.parse(data));
      if (parsed?.success === true) onEvent({ event, id, data: parsed.data } as StreamEvent<Name>);
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    silence.reset();
    parser.feed(next.value);
  }
};

/**
 * Follows a stream of a server until its signal is aborted. If a connection ends or fails,
 * reconnects and continues after the last event.
 */
export const followServer = async <Name extends StreamName>(
  server: ApiServer,
  options: FollowOptions<Name>,
): Promise<void> => {
  const { signal, onState } = options;
  let { lastEventId } = options;
  let pause = FIRST_PAUSE_MS;
  onState("connecting");
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await readConnection(server, options, lastEventId, (id) => {
        lastEventId = id;
      });
      if (signal.aborted) return;
      // The server ends each connection after some time, so this end is not an error.
      onState("connecting");
    } catch (error) {
      if (signal.aborted) return;
      const failure = error instanceof Failure ? error : createNoResponseFailure();
      if (!failure.isTransient) return onState("refused", failure);
      onState("cut-off", failure);
    }
    const wasLong = performance.now() - startedAt > MAX_PAUSE_MS;
    pause = wasLong ? FIRST_PAUSE_MS : Math.min(pause * 2, MAX_PAUSE_MS);
    await sleep(pause * (0.75 + Math.random() / 2), signal);
  }
};
