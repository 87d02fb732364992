import type { Agent, Dispatcher } from "undici";
import type { LazyAbort } from "./lazy-abort.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createTooLargeError, isTooLargeError } from "./response-too-large.ts";
import type { BodyFilter, BufferedSender, FullResponse, Request, Sender } from "./senders.ts";

let agent: Agent | undefined;

/** Loaded when it is needed first: that takes 60 ms. Deadlines are each exchange's own, for waits differ. */
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

type Head = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

const hasOnlyStrings = (headers: Head): headers is Record<string, string> => {
  for (const name in headers) if (typeof headers[name] !== "string") return false;
  return true;
};

const flattenHeaders = (headers: Head): Readonly<Record<string, string>> =>
  hasOnlyStrings(headers)
    ? headers
    : Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(", ") : (value ?? ""),
        ]),
      );

/** By undici's own request, for a body that is read as it comes. */
export const undiciSender: Sender = async (url, { method, headers, signal, body }) => {
  const { origin, pathname, search } = new URL(url);
  const path = pathname + search;
  const from = agent ?? (await getAgent());
  const answer = await from.request({ origin, path, method, headers, signal, body: body ?? null });
  const { statusCode: status } = answer;
  return {
    status,
    headers: flattenHeaders(answer.headers),
    async text() {
      try {
        return await answer.body.text();
      } catch (error) {
        throw isTooLargeError(error) ? createTooLargeError(url, status, error) : error;
      }
    },
    async *chunks() {
      answer.body.setEncoding("utf8");
      for await (const chunk of answer.body) yield String(chunk);
    },
    async discard() {
      answer.body.on("error", () => {}).destroy();
    },
  };
};

/** One exchange's answer as it is gathered. */
class ResponseCollector implements Dispatcher.DispatchHandler {
  readonly answer = Promise.withResolvers<FullResponse>();
  readonly #request: Request;
  readonly #isRead: BodyFilter;
  readonly #forget: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #abortedBy: { readonly reason: unknown } | undefined;
  #status = 0;
  #headers: FullResponse["headers"] = {};
  #chunks: Buffer[] = [];

  constructor(request: Request, isRead: BodyFilter, abort: LazyAbort) {
    this.#request = request;
    this.#isRead = isRead;
    this.#forget = abort.onAbort(() => {
      this.#abortedBy = abort;
      this.answer.reject(abort.reason);
      this.#controller?.abort(toError(abort.reason));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // While it waited for its connection nobody but the caller could be told.
    if (this.#abortedBy !== undefined) controller.abort(toError(this.#abortedBy.reason));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Head): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flattenHeaders(headers);
    if (this.#isRead(status, this.#headers)) return;
    this.#end(undefined);
    // Closes the connection rather than reading on what is not wanted.
    controller.abort(new Error("not read"));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#end(toText(this.#chunks));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#forget();
    const { origin, path } = this.#request;
    this.answer.reject(
      isTooLargeError(error) ? createTooLargeError(origin + path, this.#status, error) : error,
    );
  }

  #end(text: string | undefined): void {
    this.#forget();
    this.answer.resolve({ status: this.#status, headers: this.#headers, text });
  }
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** A byte order mark is no part of the text. */
const toText = (chunks: readonly Buffer[]): string => {
  const [first, second] = chunks;
  const text = (second === undefined ? first : Buffer.concat(chunks))?.toString() ?? "";
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
};

/**
 * By undici's dispatcher, with nothing between its parser and the answer: a stream for each body, a signal with its
 * listeners and a context for each request were a third of what a request cost.
 */
export const bufferedUndiciSender: BufferedSender = async (request, isRead, abort) => {
  const from = agent ?? (await getAgent());
  abort.throwIfAborted();
  const { method, origin, path, headers, body = null } = request;
  const gathered = new ResponseCollector(request, isRead, abort);
  from.dispatch({ method, origin, path, headers, body }, gathered);
  return gathered.answer.promise;
};
