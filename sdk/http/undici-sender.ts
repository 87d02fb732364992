import type { Agent, Dispatcher } from "undici";
import type { LazyAbort } from "./abort.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createTooLargeError, isTooLargeError } from "./response-too-large.ts";
import type { BodyFilter, BufferedSender, FullResponse, HttpRequest, Sender } from "./sender.ts";

let agent: Agent | undefined;

/**
 * Returns undici's connection pool. undici is loaded on first use, because that takes 60 ms. The pool's
 * timeouts are disabled, because every request has its own deadline.
 */
const getAgent = async (): Promise<Agent> => {
  const { Agent } = await import("undici");
  agent ??= new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
    maxResponseSize: MAX_RESPONSE_BYTES,
  });
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
        Object.entries(headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(", ") : (value ?? ""),
        ]),
      );

/** Sends a request with undici's `request`, which streams the body. */
export const undiciSender: Sender = async (url, { method, headers, signal, body }) => {
  const { origin, pathname, search } = new URL(url);
  const path = pathname + search;
  const dispatcher = agent ?? (await getAgent());
  const response = await dispatcher.request({ origin, path, method, headers, signal, body: body ?? null });
  const { statusCode: status } = response;
  return {
    status,
    headers: flattenHeaders(response.headers),
    async text() {
      try {
        return await response.body.text();
      } catch (error) {
        throw isTooLargeError(error) ? createTooLargeError(url, status, error) : error;
      }
    },
    async *chunks() {
      response.body.setEncoding("utf8");
      for await (const chunk of response.body) yield String(chunk);
    },
    async discard() {
      response.body.on("error", () => {}).destroy();
    },
  };
};

/** Collects the response to one request. */
class ResponseCollector implements Dispatcher.DispatchHandler {
  readonly response = Promise.withResolvers<FullResponse>();
  readonly #request: HttpRequest;
  readonly #shouldReadBody: BodyFilter;
  readonly #abort: LazyAbort;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: FullResponse["headers"] = {};
  #chunks: Buffer[] = [];

  constructor(request: HttpRequest, shouldReadBody: BodyFilter, abort: LazyAbort) {
    this.#request = request;
    this.#shouldReadBody = shouldReadBody;
    this.#abort = abort;
    abort.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#abort;
    this.response.reject(reason);
    this.#controller?.abort(toError(reason));
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // If the request was aborted while it waited for a connection, there was no controller to abort yet.
    if (this.#abort.aborted) controller.abort(toError(this.#abort.reason));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flattenHeaders(headers);
    if (this.#shouldReadBody(status, this.#headers)) return;
    this.#end(undefined);
    // Closes the connection instead of reading the body.
    controller.abort(new Error("body not read"));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#end(decodeBody(this.#chunks));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#abort.removeEventListener("abort", this.#onAbort);
    const { origin, path } = this.#request;
    this.response.reject(
      isTooLargeError(error) ? createTooLargeError(origin + path, this.#status, error) : error,
    );
  }

  #end(text: string | undefined): void {
    this.#abort.removeEventListener("abort", this.#onAbort);
    this.response.resolve({ status: this.#status, headers: this.#headers, text });
  }
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** Decodes a body and removes its byte order mark. */
const decodeBody = (chunks: readonly Buffer[]): string => {
  const [first, second] = chunks;
  const text = (second === undefined ? first : Buffer.concat(chunks))?.toString() ?? "";
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
};

/**
 * Sends a request with undici's dispatcher, and collects the response directly from its parser. A stream, a
 * signal with listeners and an async context took a third of the CPU time of a request.
 */
export const bufferedUndiciSender: BufferedSender = async (request, shouldReadBody, abort) => {
  const dispatcher = agent ?? (await getAgent());
  abort.throwIfAborted();
  const { method, origin, path, headers, body = null } = request;
  const collector = new ResponseCollector(request, shouldReadBody, abort);
  dispatcher.dispatch({ method, origin, path, headers, body }, collector);
  return collector.response.promise;
};
