import { Readable } from "node:stream";
import type { Agent, Dispatcher } from "undici";
import type { LazyAbort } from "./abort.ts";
import { JsonBody } from "./json-response.ts";
import type { JsonResponse, Transport } from "./transport.ts";

let agent: Agent | undefined;

/**
 * Returns undici's connection pool. undici is loaded on first use, because that takes 60 ms. The pool's
 * timeouts are disabled, because every request has its own deadline.
 */
const getAgent = async (): Promise<Agent> => {
  const { Agent } = await import("undici");
  agent ??= new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });
  return agent;
};

type RawHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

const hasOnlyStrings = (headers: RawHeaders): headers is Record<string, string> => {
  for (const name in headers) if (typeof headers[name] !== "string") return false;
  return true;
};

const flattenHeaders = (headers: RawHeaders): Readonly<Record<string, string>> =>
  hasOnlyStrings(headers)
    ? headers
    : Object.fromEntries(
        Object.entries(headers).map(([name, value = ""]) => [name, [value].flat().join(", ")]),
      );

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** Collects the response to one call. undici closes the connection and calls `onResponseError` if a method throws. */
class ResponseCollector implements Dispatcher.DispatchHandler {
  readonly response = Promise.withResolvers<JsonResponse>();
  readonly #url: string;
  readonly #abort: LazyAbort;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #body: JsonBody | undefined;

  constructor(url: string, abort: LazyAbort) {
    this.#url = url;
    this.#abort = abort;
    this.#onAbort = () => {
      this.response.reject(abort.reason);
      this.#controller?.abort(toError(abort.reason));
    };
    abort.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // If the call was aborted while it waited for a connection, there was no controller to abort yet.
    if (this.#abort.aborted) controller.abort(toError(this.#abort.reason));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (status >= 200)
      this.#body = new JsonBody({ url: this.#url, status, headers: flattenHeaders(headers) });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.add(chunk);
  }

  onResponseEnd(): void {
    const body = this.#body;
    this.#release();
    try {
      if (body !== undefined) this.response.resolve(body.parse());
    } catch (error) {
      this.response.reject(error);
    }
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.response.reject(error);
  }

  /** Drops the references to the connection and the body, so that fewer objects reach V8's old generation. */
  #release(): void {
    this.#abort.removeEventListener("abort", this.#onAbort);
    this.#controller = undefined;
    this.#body = undefined;
  }
}

/**
 * Collects calls directly from undici's parser. undici's `request` creates a stream, a signal with listeners
 * and an async context, which took a third of the CPU time of a call. Only event streams use it.
 */
export const undiciTransport: Transport = {
  async fetch(url, { method, headers, signal, body: content = null }) {
    const body = content instanceof ReadableStream ? Readable.from(content) : content;
    const { origin, pathname, search } = new URL(url);
    const pool = agent ?? (await getAgent());
    const response = await pool.request({ origin, path: pathname + search, method, headers, signal, body });
    return {
      status: response.statusCode,
      headers: Object.entries(flattenHeaders(response.headers)),
      body: response.body,
    };
  },

  async call({ method, origin, path, headers, body = null }, abort) {
    const pool = agent ?? (await getAgent());
    abort.throwIfAborted();
    const collector = new ResponseCollector(origin + path, abort);
    pool.dispatch({ method, origin, path, headers, body }, collector);
    return collector.response.promise;
  },
};
