import { Readable } from "node:stream";
import type { Agent, Dispatcher } from "undici";
import type { Operation } from "../../protocol/index.ts";
import { ConnectionError, DeadlineError, JoblibError } from "../errors.ts";
import { type LazyAbort, rejectOnAbort, TimedAbort } from "./abort.ts";
import type { FetchLike } from "./options.ts";
import { JsonResponse, readJson } from "./responses.ts";
import { getSystemCode } from "./retry.ts";

/** A request to the server. */
interface HttpRequest {
  readonly method: Operation["method"];
  /** Scheme, host and port, without a trailing slash. */
  readonly origin: string;
  /** The encoded path with the query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal | undefined;
  /** Maximum duration of the request in seconds, including the whole response body. */
  readonly deadlineSeconds: number;
}

/** Sends the requests of a client. Does not follow redirects. */
export interface Transport {
  /** Sends a request, and returns the response as soon as its headers have arrived. */
  readonly fetch: FetchLike;
  /**
   * Sends a request, and returns its JSON response. Rejects with the reason of `abort` as soon as
   * `abort` is aborted.
   */
  call(request: HttpRequest, abort: LazyAbort): Promise<JsonResponse>;
}

/**
 * Sends a request and parses the JSON response. Limits its time and size. Throws `ProtocolError`,
 * `GatewayError`, `DeadlineError` or `ConnectionError`, or the reason of the aborted signal.
 */
export const sendRequest = async (request: HttpRequest, transport: Transport): Promise<JsonResponse> => {
  const { origin, signal, deadlineSeconds } = request;
  signal?.throwIfAborted();
  const createError = () => new DeadlineError(`no response from ${origin} within ${deadlineSeconds} s`);
  const abort = new TimedAbort(signal, deadlineSeconds * 1000, createError);
  try {
    return await transport.call(request, abort);
  } catch (error) {
    if (error instanceof JoblibError || error === abort.reason) throw error;
    throw new ConnectionError(`no response from ${origin}: ${describeCause(error)}`, { cause: error });
  } finally {
    abort.release();
  }
};

/**
 * Returns true if the server answered a TLS handshake with unencrypted HTTP. OpenSSL then reports a
 * wrong version number, because it parses the bytes of the response as a TLS version.
 */
const isPlainTextResponse = (error: unknown): boolean =>
  error instanceof Error &&
  (error.message.includes("wrong version number") || isPlainTextResponse(error.cause));

const describeCause = (error: unknown): string => {
  if (isPlainTextResponse(error)) return "the server does not use TLS; the URL must begin with http://";
  const code = getSystemCode(error);
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = root instanceof Error ? root.message : String(root);
  return code === undefined || message.includes(code) ? message || String(code) : `${message} (${code})`;
};

/** Creates a transport that uses `fetch`. */
export const createFetchTransport = (fetch: FetchLike): Transport => ({
  fetch,
  async call({ method, origin, path, headers, body }, abort) {
    const url = origin + path;
    const init = { method, headers, redirect: "manual", signal: abort.signal } as const;
    const fetching = fetch(url, body === null ? init : { ...init, body });
    try {
      return await rejectOnAbort(
        fetching.then((response) => readJson(response, url)),
        abort,
      );
    } catch (error) {
      abort.throwIfAborted();
      // If the body was not read to its end, aborting closes the connection.
      abort.abort();
      throw error;
    }
  },
});

let agent: Agent | undefined;

/**
 * Returns undici's connection pool. undici is imported on first use, because the import takes 60
 * ms. The timeouts of undici are disabled, because every request has its own deadline.
 */
const getAgent = async (): Promise<Agent> => {
  const { Agent } = await import("undici");
  agent ??= new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });
  return agent;
};

type RawHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

/** Joins the values of each header that the response contains several times. */
const joinHeaders = (headers: RawHeaders): Readonly<Record<string, string>> => {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value !== "string") headers[name] = value?.join(", ") ?? "";
  }
  // The loop has joined all arrays, so all values are strings.
  return headers as Record<string, string>;
};

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/**
 * Collects the response to one call. If a method of this class throws an error, undici closes the
 * connection and calls `onResponseError`.
 */
class ResponseCollector implements Dispatcher.DispatchHandler {
  readonly completion = Promise.withResolvers<JsonResponse>();
  readonly #url: string;
  readonly #abort: LazyAbort;
  #controller: Dispatcher.DispatchController | undefined;
  #response: JsonResponse | undefined;

  constructor(url: string, abort: LazyAbort) {
    this.#url = url;
    this.#abort = abort;
    abort.addEventListener("abort", () => {
      this.completion.reject(abort.reason);
      this.#controller?.abort(toError(abort.reason));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The call may have been aborted while it waited for a connection. The abort listener could not
    // abort the request then, because there was no controller yet.
    if (this.#abort.aborted) controller.abort(toError(this.#abort.reason));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (status < 200) return;
    this.#response = new JsonResponse({ url: this.#url, status, headers: joinHeaders(headers) });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#response?.add(chunk);
  }

  onResponseEnd(): void {
    if (this.#response !== undefined) this.completion.resolve(this.#response);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.completion.reject(error);
  }
}

/**
 * Sends calls with undici's `dispatch`, which passes the response directly from the parser to a
 * handler. undici's `request` creates a stream, a signal with listeners and an async context for
 * each call, which took a third of the CPU time of a call. It is only used by `fetch`.
 */
const undiciTransport: Transport = {
  async fetch(url, { method, headers, signal, body: content = null }) {
    const body = content instanceof ReadableStream ? Readable.from(content) : content;
    const { origin, pathname, search } = new URL(url);
    const pool = agent ?? (await getAgent());
    const response = await pool.request({ origin, path: pathname + search, method, headers, signal, body });
    return {
      status: response.statusCode,
      headers: Object.entries(joinHeaders(response.headers)),
      body: response.body,
    };
  },

  async call(request, abort) {
    const pool = agent ?? (await getAgent());
    abort.throwIfAborted();
    const collector = new ResponseCollector(request.origin + request.path, abort);
    pool.dispatch(request, collector);
    return (await collector.completion.promise).end();
  },
};

let defaultTransport = undiciTransport;

/** Returns the transport of clients without a `fetch` option. */
export const getDefaultTransport = (): Transport => defaultTransport;

/**
 * Makes clients without a `fetch` option use the global `fetch`, because msw intercepts undici's
 * dispatcher only in some cases. Reads `globalThis.fetch` at each request, because msw replaces and
 * restores it.
 */
export const preferGlobalFetch = (): void => {
  defaultTransport = createFetchTransport((url, init) => globalThis.fetch(url, init));
};
