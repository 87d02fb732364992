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

/** Three missed heartbeats; the server sends one every 15 s. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;

/** The state of a stream: `cut-off` while it reconnects, `refused` after an error that a retry cannot fix. */
export type StreamState = "connecting" | "live" | "cut-off" | "refused";

/** A stream to follow, and the callbacks for its events. */
export interface FollowOptions<Name extends StreamName> {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The id of the last event that was received; the stream continues after it. */
  readonly lastEventId?: string | undefined;
  onEvent(event: StreamEvent<Name>): void;
  onState(state: StreamState, failure?: Failure): void;
}

/** Waits until the time has passed, the signal is aborted, or the browser is online again. */
const sleep = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    addEventListener("online", done);
  });

/** Aborts a stream that has been silent for too long. */
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

const open = async (home: ApiServer, path: string, signal: AbortSignal, lastEventId: string | undefined) => {
  const credentials: Credentials = await home.credentials();
  const answer = await fetch(home.base + path, {
    headers: {
      ...credentials,
      accept: "text/event-stream, application/problem+json",
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    },
    signal,
  });
  if (answer.status === 401) home.refused(credentials);
  const isStream =
    answer.ok && /^text\/event-stream/.test(answer.headers.get("content-type") ?? "") && answer.body !== null;
  if (!isStream) throw parseFailure(answer.status, await answer.text());
  return answer.body as ReadableStream<Uint8Array>;
};

/** Reads one connection until it ends or fails. */
const readConnection = async <Name extends StreamName>(
  home: ApiServer,
  { name, params, signal, onEvent, onState }: FollowOptions<Name>,
  lastEventId: string | undefined,
  onId: (id: string) => void,
): Promise<void> => {
  const entry: StreamOperation = streams[name];
  using silence = new SilenceTimeout();
  silence.reset();
  const both = AbortSignal.any([signal, silence.signal]);
  const body = await open(home, fillPath(entry.path, params), both, lastEventId);
  onState("live");
  const parser = createParser({
    onEvent: ({ event = "", id = "", data }) => {
      if (id !== "") onId(id);
      // A newer server may send events that this page does not know.
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

/** Follows a stream until its signal is aborted. Reconnects after the last event if a connection ends or fails. */
export const followServer = async <Name extends StreamName>(
  home: ApiServer,
  following: FollowOptions<Name>,
): Promise<void> => {
  const { signal, onState } = following;
  let { lastEventId } = following;
  let pause = FIRST_PAUSE_MS;
  onState("connecting");
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await readConnection(home, following, lastEventId, (id) => {
        lastEventId = id;
      });
      if (signal.aborted) return;
      // The server ends each connection after a while; this is not an error.
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
