import { ConnectionError, DeadlineError, GatewayError, ProtocolError } from "../errors.ts";
import { LazyAbort } from "./abort.ts";
import { getSystemCode } from "./retry.ts";
import type { BodyFilter, BufferedSender, FullResponse, HttpRequest } from "./sender.ts";

/** A request with a deadline. */
export interface TimedRequest extends HttpRequest {
  readonly signal?: AbortSignal | undefined;
  /** Maximum duration of the request in seconds, including the whole response body. */
  readonly deadlineSeconds: number;
}

/** A response with a parsed body; `json` is undefined if there is no body. */
export interface JsonResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: unknown;
}

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;
const UNAVAILABLE = new Set([429, 502, 503, 504]);

/**
 * Sends a request and parses the JSON response. Limits its time and size, and does not follow redirects.
 * Throws `ProtocolError`, `GatewayError`, `DeadlineError` or `ConnectionError`, or the reason of the aborted
 * signal.
 */
export const sendRequest = async (request: TimedRequest, send: BufferedSender): Promise<JsonResponse> => {
  const { deadlineSeconds, signal, origin } = request;
  signal?.throwIfAborted();
  const abort = new LazyAbort();
  let isTimedOut = false;
  const onTimeout = () => {
    isTimedOut = true;
    abort.abort();
  };
  const timer = setTimeout(onTimeout, Math.min(deadlineSeconds * 1000, 2 ** 31 - 1));
  // `AbortSignal.any` is not used, because it would double the CPU time of a waiting claim.
  const onAbort = signal && (() => abort.abort(signal.reason));
  if (onAbort !== undefined) signal?.addEventListener("abort", onAbort);
  try {
    return toJsonResponse(await send(request, shouldReadBody, abort), request);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof GatewayError) throw error;
    signal?.throwIfAborted();
    if (isTimedOut) {
      throw new DeadlineError(`no response from ${origin} within ${deadlineSeconds} s`, { cause: error });
    }
    throw new ConnectionError(`no response from ${origin}: ${describeCause(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
};

const hasNoBody = (status: number): boolean => status === 304 || status === 204;
const isRedirect = (status: number): boolean => status === 0 || (status >= 300 && status < 400);

const shouldReadBody: BodyFilter = (status, headers) =>
  hasNoBody(status) || (!isRedirect(status) && JSON_TYPE.test(headers["content-type"] ?? ""));

const toJsonResponse = (
  { status, headers, text }: FullResponse,
  { origin, path }: HttpRequest,
): JsonResponse => {
  if (hasNoBody(status)) return { status, headers, json: undefined };
  const url = origin + path;
  if (text !== undefined) return { status, headers, json: parseJson(text, status, url) };
  if (isRedirect(status)) {
    const to = JSON.stringify(headers["location"] ?? "an unknown URL");
    throw new ProtocolError(
      `${url} redirects to ${to}; redirects are not followed, so check the server's url`,
      status,
    );
  }
  const type = headers["content-type"] ?? "";
  throw createForeignResponseError(
    status,
    url,
    type === "" ? "no content type" : `content type ${JSON.stringify(type)}`,
    headers,
  );
};

const parseJson = (text: string, status: number, url: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError(`${url} responded with ${status} and invalid JSON`, status, {
      cause: error,
    });
  }
};

/**
 * Creates the error for a response that is not from joblib. This is a `GatewayError` for a temporary error of
 * a gateway.
 */
export const createForeignResponseError = (
  status: number,
  url: string,
  content: string,
  headers: Readonly<Record<string, string>>,
): ProtocolError | GatewayError =>
  UNAVAILABLE.has(status)
    ? new GatewayError(
        `a gateway in front of ${url} responded with ${status}`,
        status,
        parseRetryAfter(headers["retry-after"]),
      )
    : new ProtocolError(
        `${url} responded with ${status} and ${content}; check the URL of the server, including the prefix of its API`,
        status,
      );

/**
 * Parses `Retry-After`, which is a number of seconds or a date. Returns seconds, or undefined if it is
 * missing or invalid.
 */
export const parseRetryAfter = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
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
