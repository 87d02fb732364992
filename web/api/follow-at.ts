import { createParser } from "eventsource-parser";
import {
  fillPath,
  type StreamEvent,
  type StreamName,
  type StreamOperation,
  streams,
} from "../../protocol/index.ts";
import { Failure, failureOf, noAnswer } from "./failure.ts";
import type { Credentials, Home } from "./home.ts";

/** The server beats every 15 s. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** How a stream stands: `cut-off` while it is made again, `refused` where no waiting mends it. */
export type StreamState = "connecting" | "live" | "cut-off" | "refused";

/** Which stream, and who wants to know of it. */
export interface Following<Name extends StreamName> {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The id of the event to go on from. */
  readonly lastEventId?: string | undefined;
  onEvent(event: StreamEvent<Name>): void;
  onState(state: StreamState, failure?: Failure): void;
}

/** Until the time is over, somebody stops it, or the machine finds its network again. */
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

/** Aborts when nothing was heard for too long. */
class Silence implements Disposable {
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), SILENCE_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

const open = async (home: Home, path: string, signal: AbortSignal, lastEventId: string | undefined) => {
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
  if (!isStream) throw failureOf(answer.status, await answer.text());
  return answer.body as ReadableStream<Uint8Array>;
};

/** Follows one connection until it ends or breaks. */
const hear = async <Name extends StreamName>(
  home: Home,
  { name, params, signal, onEvent, onState }: Following<Name>,
  lastEventId: string | undefined,
  onId: (id: string) => void,
): Promise<void> => {
  const entry: StreamOperation = streams[name];
  using silence = new Silence();
  silence.heard();
  const both = AbortSignal.any([signal, silence.signal]);
  const body = await open(home, fillPath(entry.path, params), both, lastEventId);
  onState("live");
  const parser = createParser({
    onEvent: ({ event = "", id = "", data }) => {
      if (id !== "") onId(id);
      // A newer server may tell of more than this page knows.
      const parsed = entry.events[event]?.safeParse(JSON.parse(data));
      if (parsed?.success === true) onEvent({ event, id, data: parsed.data } as StreamEvent<Name>);
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    silence.heard();
    parser.feed(next.value);
  }
};

/** Follows a stream until its signal is aborted: a connection that ends or breaks is made again behind the last event. */
export const followAt = async <Name extends StreamName>(
  home: Home,
  following: Following<Name>,
): Promise<void> => {
  const { signal, onState } = following;
  let { lastEventId } = following;
  let pause = FIRST_PAUSE_MS;
  onState("connecting");
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      await hear(home, following, lastEventId, (id) => {
        lastEventId = id;
      });
      if (signal.aborted) return;
      // It has come to its end as the server means it to: nobody has to be told.
      onState("connecting");
    } catch (error) {
      if (signal.aborted) return;
      const failure = error instanceof Failure ? error : noAnswer();
      if (!failure.isTransient) return onState("refused", failure);
      onState("cut-off", failure);
    }
    const wasLong = performance.now() - begun > LONGEST_PAUSE_MS;
    pause = wasLong ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
    await sleep(pause * (0.75 + Math.random() / 2), signal);
  }
};
