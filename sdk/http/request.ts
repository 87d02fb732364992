import { ConnectionError, DeadlineError, JoblibError } from "../errors.ts";
import { rejectOnAbort, TimedAbort } from "./abort.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createResponseError, type JsonResponse, type ResponseFacts } from "./responses.ts";
import { getSystemCode } from "./retry.ts";
import type { FetchLike, FetchResponse } from "./transport.ts";

/** A request with a deadline. */
interface TimedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Maximum duration of the request in seconds, including the whole response body. */
  readonly deadlineSeconds: number;
}

/**
 * Sends a request and parses the JSON response. Limits its time and size, and does not follow redirects.
 * Throws `ProtocolError`, `GatewayError`, `DeadlineError` or `ConnectionError`, or the reason of the aborted
 * signal.
 */
export const sendRequest = async (
  { url, method, headers, body, signal, deadlineSeconds }: TimedRequest,
  fetch: FetchLike,
): Promise<JsonResponse> => {
  signal?.throwIfAborted();
  const createTimeoutError = () =>
    new DeadlineError(`no response from ${new URL(url).origin} within ${deadlineSeconds} s`);
  using abort = new TimedAbort(signal, deadlineSeconds * 1000, createTimeoutError);
  const init = { method, headers, redirect: "manual", signal: abort.signal } as const;
  try {
    const fetching = fetch(url, body === undefined ? init : { ...init, body });
    return await rejectOnAbort(
      fetching.then((response) => readJson(response, url)),
      abort,
    );
  } catch (error) {
    abort.throwIfAborted();
    // Closes the connection if the body has not been read to its end.
    abort.abort();
    if (error instanceof JoblibError) throw error;
    const origin = new URL(url).origin;
    throw new ConnectionError(`no response from ${origin}: ${describeCause(error)}`, { cause: error });
  }
};

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;

/** Reads a JSON response. Throws `ProtocolError` or `GatewayError` if it is something else. */
export const readJson = async (response: FetchResponse, url: string): Promise<JsonResponse> => {
  const { status } = response;
  const headers = Object.fromEntries(response.headers);
  const facts = { url, status, headers };
  if (status === 304 || status === 204) return { ...facts, json: undefined };
  if (status === 0 || (status >= 300 && status < 400)) throw createResponseError("redirect", facts);
  if (!JSON_TYPE.test(headers["content-type"] ?? "")) throw createResponseError("no-json", facts);
  const text = await readText(response.body, facts);
  try {
    return { ...facts, json: JSON.parse(text) };
  } catch (error) {
    throw createResponseError("invalid-json", facts, error);
  }
};

const decoder = new TextDecoder();

/** Returns the whole body. Throws `ProtocolError` if it is larger than `MAX_RESPONSE_BYTES`. */
const readText = async (body: FetchResponse["body"], facts: ResponseFacts): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_RESPONSE_BYTES) throw createResponseError("too-large", facts);
    chunks.push(chunk);
  }
  const [first, second] = chunks;
  return decoder.decode(second === undefined ? first : Buffer.concat(chunks));
};

/** Returns true if a server answered a TLS handshake in plain text. OpenSSL reads the text as a version number. */
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
