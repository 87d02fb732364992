import type { Operation } from "../../protocol/index.ts";
import type { LazyAbort } from "./abort.ts";

/** The body of a request. */
export type RequestContent = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** The second argument of a `FetchLike`. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly body?: RequestContent;
  /** Required for a stream (WHATWG Fetch, section 5.4). */
  readonly duplex?: "half";
}

/** The members of a response that the SDK reads. The `Response` of Node.js and of undici has them. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: Iterable<[string, string]>;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** A function like the standard `fetch`: `globalThis.fetch`, undici's `fetch`, or a fake for tests. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** A call to the server. */
export interface HttpRequest {
  readonly method: Operation["method"];
  /** Scheme, host and port, without a trailing slash. */
  readonly origin: string;
  /** The encoded path with the query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** The facts from which the error for a response is created. */
export interface ResponseFacts {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A response with a parsed body; `json` is undefined if there is no body. */
export interface JsonResponse extends ResponseFacts {
  readonly json: unknown;
}

/** Sends the requests of a client. Does not follow redirects. */
export interface Transport {
  /** Sends a request, and returns its response before the body is read. */
  readonly fetch: FetchLike;
  /** Sends a call, and returns its JSON response. Rejects with the reason of `abort` as soon as it is aborted. */
  call(request: HttpRequest, abort: LazyAbort): Promise<JsonResponse>;
}

let isGlobalFetchPreferred = false;

/**
 * Makes clients without a `fetch` option use the global `fetch`, because msw intercepts it always, but
 * undici's dispatcher only sometimes.
 */
export const preferGlobalFetch = (): void => {
  isGlobalFetchPreferred = true;
};

/** Returns true after `preferGlobalFetch`. */
export const prefersGlobalFetch = (): boolean => isGlobalFetchPreferred;
