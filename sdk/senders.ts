import type { Operation } from "../protocol/index.ts";
import type { LazyAbort } from "./lazy-abort.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createTooLargeError } from "./response-too-large.ts";
import { bufferedUndiciSender, undiciSender } from "./undici-sender.ts";

/** What of a request `fetch` is given. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly body?: string;
}

/** What of an answer is read; both Node's and undici's `Response` are one. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: Iterable<[string, string]> & { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Anything that fetches as the standard has it: `globalThis.fetch`, undici's, a test's own. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** An answer whose body is still to come. */
export interface StreamedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body; more than `MAX_ANSWER_BYTES` is a `ProtocolError`. */
  text(): Promise<string>;
  /** The body as it comes, without a bound. */
  chunks(): AsyncIterable<string>;
  /** Closes the connection rather than reading on what is not wanted. */
  discard(): Promise<void>;
}

/** Puts a request on the wire; redirects are not followed. */
export type Sender = (url: string, init: FetchInit) => Promise<StreamedResponse>;

/** What is asked of a server. */
export interface Request {
  readonly method: Operation["method"];
  /** With no slash at its end. */
  readonly origin: string;
  /** As it stands on the wire, the query with it. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

/** An answer with all of its body; undefined is one that was not read. */
export interface FullResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string | undefined;
}

/** Tells by an answer's head whether its body is read. */
export type BodyFilter = (status: number, headers: FullResponse["headers"]) => boolean;

/** Puts a request on the wire and takes in all of its answer, `MAX_ANSWER_BYTES` at most; redirects are not followed. */
export type BufferedSender = (
  request: Request,
  isRead: BodyFilter,
  abort: LazyAbort,
) => Promise<FullResponse>;

/** By anything that fetches. */
export const createFetchSender =
  (fetch: FetchLike): Sender =>
  async (url, init) => {
    const { status, headers, body } = await fetch(url, init);
    return {
      status,
      headers: Object.fromEntries(headers),
      async text() {
        const decoder = new TextDecoder();
        let text = "";
        let bytes = 0;
        for await (const chunk of body ?? []) {
          bytes += chunk.byteLength;
          if (bytes > MAX_RESPONSE_BYTES) throw createTooLargeError(url, status);
          text += decoder.decode(chunk, { stream: true });
        }
        return text + decoder.decode();
      },
      async *chunks() {
        const decoder = new TextDecoder();
        for await (const chunk of body ?? []) yield decoder.decode(chunk, { stream: true });
      },
      async discard() {
        await body?.[Symbol.asyncIterator]().return?.(undefined);
      },
    };
  };

/** The same, for whole answers. */
export const createBufferedFetchSender = (fetch: FetchLike): BufferedSender => {
  const send = createFetchSender(fetch);
  return async ({ method, origin, path, headers, body }, isRead, { signal }) => {
    const init = { method, headers, redirect: "manual", signal } as const;
    const answer = await send(origin + path, body === undefined ? init : { ...init, body });
    const text = isRead(answer.status, answer.headers) ? await answer.text() : undefined;
    if (text === undefined) await answer.discard();
    return { status: answer.status, headers: answer.headers, text };
  };
};

let isGlobalFetchWanted = false;

/** From here on, who names no `fetch` goes by the global one: msw sees that, and undici's own only sometimes. */
export const preferGlobalFetch = (): void => {
  isGlobalFetchWanted = true;
};

/** Where nobody names a `fetch`. The global one is looked up at each call: msw puts its own there, and takes it out again. */
export const defaultSender: Sender = (url, init) =>
  isGlobalFetchWanted ? createFetchSender(globalThis.fetch)(url, init) : undiciSender(url, init);

/** The same, for whole answers. */
export const defaultBufferedSender: BufferedSender = (request, isRead, abort) =>
  isGlobalFetchWanted
    ? createBufferedFetchSender(globalThis.fetch)(request, isRead, abort)
    : bufferedUndiciSender(request, isRead, abort);
