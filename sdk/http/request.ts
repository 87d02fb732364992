import { ConnectionError, DeadlineError, JoblibError } from "../errors.ts";
import { TimedAbort } from "./abort.ts";
import { getSystemCode } from "./retry.ts";
import type { HttpRequest, JsonResponse, Transport } from "./transport.ts";

/** A request with a deadline. */
interface TimedRequest extends HttpRequest {
  readonly signal: AbortSignal | undefined;
  /** Maximum duration of the request in seconds, including the whole response body. */
  readonly deadlineSeconds: number;
}

/**
 * Sends a request and parses the JSON response. Limits its time and size, and does not follow redirects.
 * Throws `ProtocolError`, `GatewayError`, `DeadlineError` or `ConnectionError`, or the reason of the aborted
 * signal.
 */
export const sendRequest = async (request: TimedRequest, transport: Transport): Promise<JsonResponse> => {
  const { origin, signal, deadlineSeconds } = request;
  signal?.throwIfAborted();
  const createTimeoutError = () =>
    new DeadlineError(`no response from ${origin} within ${deadlineSeconds} s`);
  const abort = new TimedAbort(signal, deadlineSeconds * 1000, createTimeoutError);
  try {
    return await transport.call(request, abort);
  } catch (error) {
    if (error instanceof JoblibError || error === abort.reason) throw error;
    throw new ConnectionError(`no response from ${origin}: ${describeCause(error)}`, { cause: error });
  } finally {
    abort[Symbol.dispose]();
  }
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
