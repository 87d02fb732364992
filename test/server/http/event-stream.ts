import { createParser } from "eventsource-parser";
import type { ResponseBody } from "./responses.ts";

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: ResponseBody;
}

/** An open stream of server-sent events. */
export interface EventStream extends AsyncDisposable {
  readonly headers: Headers;
  /** Returns the next event. Throws if the stream ends. */
  next(): Promise<StreamEvent>;
  /** Returns the next event that `matches` accepts. */
  nextMatching(matches: (event: StreamEvent) => boolean): Promise<StreamEvent>;
  /** Returns all events until the stream ends. */
  readToEnd(): Promise<StreamEvent[]>;
}

/** Opens a stream. Throws if the server responds with an error. */
export const openEventStream = async (url: string, headers: Record<string, string>): Promise<EventStream> => {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const events: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id = "", data }) => events.push({ event, id, data: JSON.parse(data) }),
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const readEvent = async (): Promise<StreamEvent | undefined> => {
    while (events.length === 0) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      parser.feed(value);
    }
    return events.shift();
  };
  const next = async () => {
    const event = await readEvent();
    if (event === undefined) throw new Error("the stream has ended");
    return event;
  };
  return {
    headers: response.headers,
    next,
    async nextMatching(matches) {
      for (;;) {
        const event = await next();
        if (matches(event)) return event;
      }
    },
    async readToEnd() {
      const all: StreamEvent[] = [];
      for (let event = await readEvent(); event !== undefined; event = await readEvent()) all.push(event);
      return all;
    },
    async [Symbol.asyncDispose]() {
      await reader.cancel().catch(() => {});
      abort.abort();
    },
  };
};
