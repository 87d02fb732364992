import { rejectOnAbort } from "./abort.ts";
import { readJson } from "./json-response.ts";
import { type FetchLike, prefersGlobalFetch, type Transport } from "./transport.ts";
import { undiciTransport } from "./undici-transport.ts";

/** Creates a transport that uses `fetch`. */
export const createFetchTransport = (fetch: FetchLike): Transport => ({
  fetch,
  async call({ method, origin, path, headers, body }, abort) {
    const url = origin + path;
    const init = { method, headers, redirect: "manual", signal: abort.signal } as const;
    const fetching = fetch(url, body === undefined ? init : { ...init, body });
    try {
      return await rejectOnAbort(
        fetching.then((response) => readJson(response, url)),
        abort,
      );
    } catch (error) {
      abort.throwIfAborted();
      // Closes the connection if the body has not been read to its end.
      abort.abort();
      throw error;
    }
  },
});

/** Reads `globalThis.fetch` at each request, because msw replaces and restores it. */
const globalTransport = createFetchTransport((url, init) => globalThis.fetch(url, init));

const getDefaultTransport = () => (prefersGlobalFetch() ? globalTransport : undiciTransport);

/** The transport of clients without a `fetch` option. */
export const defaultTransport: Transport = {
  fetch: (url, init) => getDefaultTransport().fetch(url, init),
  call: (request, abort) => getDefaultTransport().call(request, abort),
};
