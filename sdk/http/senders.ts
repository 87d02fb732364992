import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createTooLargeError } from "./response-too-large.ts";
import type { BufferedSender, FetchInit, Sender } from "./sender.ts";
import { bufferedUndiciSender, undiciSender } from "./undici-sender.ts";

/** The members of a response that the SDK reads. The `Response` of Node.js and of undici has them. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: Iterable<[string, string]> & { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** A function like the standard `fetch`: `globalThis.fetch`, undici's `fetch`, or a fake for tests. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** Creates a sender that uses `fetch`. */
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

/** Creates a buffered sender that uses `fetch`. */
export const createBufferedFetchSender = (fetch: FetchLike): BufferedSender => {
  const send = createFetchSender(fetch);
  return async ({ method, origin, path, headers, body }, shouldReadBody, { signal }) => {
    const init = { method, headers, redirect: "manual", signal } as const;
    const response = await send(origin + path, body === undefined ? init : { ...init, body });
    const text = shouldReadBody(response.status, response.headers) ? await response.text() : undefined;
    if (text === undefined) await response.discard();
    return { status: response.status, headers: response.headers, text };
  };
};

let isGlobalFetchPreferred = false;

/**
 * Makes clients without a `fetch` option use the global `fetch`, because msw intercepts it always, but
 * undici's dispatcher only sometimes.
 */
export const preferGlobalFetch = (): void => {
  isGlobalFetchPreferred = true;
};

/**
 * The sender of clients without a `fetch` option. Reads `globalThis.fetch` at each call, because msw replaces
 * and restores it.
 */
export const defaultSender: Sender = (url, init) =>
  isGlobalFetchPreferred ? createFetchSender(globalThis.fetch)(url, init) : undiciSender(url, init);

/** The buffered sender of clients without a `fetch` option. */
export const defaultBufferedSender: BufferedSender = (request, shouldReadBody, abort) =>
  isGlobalFetchPreferred
    ? createBufferedFetchSender(globalThis.fetch)(request, shouldReadBody, abort)
    : bufferedUndiciSender(request, shouldReadBody, abort);
