import { createParser } from "eventsource-parser";
import type { Body } from "./answers.ts";

/** One event as it came. */
export interface Heard {
  readonly event: string;
  readonly id: string;
  readonly data: Body;
}

/** A stream of server-sent events that is open. */
export interface Listener extends AsyncDisposable {
  readonly headers: Headers;
  /** The next event; an end of the stream is an error. */
  next(): Promise<Heard>;
  /** The next one that is like this. */
  until(isIt: (heard: Heard) => boolean): Promise<Heard>;
  /** All that comes until the stream ends. */
  rest(): Promise<Heard[]>;
}

/** Opens a stream; an answer that is none is an error. */
export const listenTo = async (url: string, headers: Record<string, string>): Promise<Listener> => {
  const abort = new AbortController();
  const answer = await fetch(url, { headers, signal: abort.signal });
  if (!answer.ok || answer.body === null) throw new Error(`${answer.status} ${await answer.text()}`);
  const heard: Heard[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id = "", data }) => heard.push({ event, id, data: JSON.parse(data) }),
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const take = async (): Promise<Heard | undefined> => {
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
    async until(isIt) {
      for (;;) {
        const event = await next();
        if (isIt(event)) return event;
      }
    },
    async rest() {
      const all: Heard[] = [];
      for (let event = await take(); event !== undefined; event = await take()) all.push(event);
      return all;
    },
    async [Symbol.asyncDispose]() {
      await reader.cancel().catch(() => {});
      abort.abort();
    },
  };
};
