import { createParser } from "eventsource-parser";
import type { ResponseBody } from "./responses.ts";

/** One event as it came. */
export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: ResponseBody;
}

/** A stream of server-sent events that is open. */
export interface EventStream extends AsyncDisposable {
  readonly headers: Headers;
  /** The next event; an end of the stream is an error. */
  next(): Promise<StreamEvent>;
  /** The next one that is like this. */
  nextMatching(isIt: (heard: StreamEvent) => boolean): Promise<StreamEvent>;
  /** All that comes until the stream ends. */
  readToEnd(): Promise<StreamEvent[]>;
}

/** Opens a stream; an answer that is none is an error. */
export const openEventStream = async (url: string, headers: Record<string, string>): Promise<EventStream> => {
  const abort = new AbortController();
  const answer = await fetch(url, { headers, signal: abort.signal });
  if (!answer.ok || answer.body === null) throw new Error(`${answer.status} ${await answer.text()}`);
  const heard: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id = "", data }) => heard.push({ event, id, data: JSON.parse(data) }),
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const take = async (): Promise<StreamEvent | undefined> => {
    while (heard.length === 0) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      parser.feed(value);
    }
    return heard.shift();
  };
  const next = async () => {
    const event = await take();
    if (event === undefined) throw new Error("the stream has ended");
    return event;
  };
  return {
    headers: answer.headers,
    next,
    async nextMatching(isIt) {
      for (;;) {
        const event = await next();
        if (isIt(event)) return event;
      }
    },
    async readToEnd() {
      const all: StreamEvent[] = [];
      for (let event = await take(); event !== undefined; event = await take()) all.push(event);
      return all;
    },
    async [Symbol.asyncDispose]() {
      await reader.cancel().catch(() => {});
      abort.abort();
    },
  };
};
