import { ConnectionError, DeadlineError, GatewayError, ProtocolError } from "./errors.ts";
import { LazyAbort } from "./lazy-abort.ts";
import { getSystemCode } from "./retry.ts";
import type { BodyFilter, BufferedSender, FullResponse, Request } from "./senders.ts";

/** One request, and how long it is waited for. */
export interface TimedRequest extends Request {
  readonly signal?: AbortSignal | undefined;
  /** Over all of it, the answer's last byte included. */
  readonly deadlineSeconds: number;
}

/** One answer; `json` is undefined where it has no body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: unknown;
}

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;
const UNAVAILABLE = new Set([429, 502, 503, 504]);

/** One HTTP exchange: JSON there and JSON back, bounded in time and size; redirects are not followed. */
export const exchange = async (asked: TimedRequest, receive: BufferedSender): Promise<Answer> => {
  const { deadlineSeconds, signal, origin } = asked;
  signal?.throwIfAborted();
  const abort = new LazyAbort();
  let isLate = false;
  const late = () => {
    isLate = true;
    abort.abort();
  };
  const timer = setTimeout(late, Math.min(deadlineSeconds * 1000, 2 ** 31 - 1));
  // By hand: `AbortSignal.any` costs a waiting claim as much as all the rest of its request.
  const onAbort = signal && (() => abort.abort(signal.reason));
  if (onAbort !== undefined) signal?.addEventListener("abort", onAbort);
  try {
    return answerOf(await receive(asked, isRead, abort), asked);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof GatewayError) throw error;
    signal?.throwIfAborted();
    if (isLate) {
      throw new DeadlineError(`no answer from ${origin} within ${deadlineSeconds} s`, { cause: error });
    }
    throw new ConnectionError(`no answer from ${origin}: ${describeCause(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
};

const isWithoutBody = (status: number): boolean => status === 304 || status === 204;
const isRedirect = (status: number): boolean => status === 0 || (status >= 300 && status < 400);

const isRead: BodyFilter = (status, headers) =>
  isWithoutBody(status) || (!isRedirect(status) && JSON_TYPE.test(headers["content-type"] ?? ""));

const answerOf = ({ status, headers, text }: FullResponse, { origin, path }: Request): Answer => {
  if (isWithoutBody(status)) return { status, headers, json: undefined };
  const url = origin + path;
  if (text !== undefined) return { status, headers, json: parseJson(text, status, url) };
  if (isRedirect(status)) {
    const to = JSON.stringify(headers["location"] ?? "elsewhere");
    throw new ProtocolError(
      `${url} redirects to ${to}; the token stays here, so check the server's url`,
      status,
    );
  }
  const type = headers["content-type"] ?? "";
  throw createForeignResponseError(
    status,
    url,
    `${type === "" ? "a body without a type" : JSON.stringify(type)}`,
    headers,
  );
};

const parseJson = (text: string, status: number, url: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError(`${url} answered ${status} with JSON that cannot be read`, status, {
      cause: error,
    });
  }
};

/** An answer that somebody else gave; a gateway's own trouble passes, everything else is a wrong address. */
export const createForeignResponseError = (
  status: number,
  url: string,
  what: string,
  headers: Readonly<Record<string, string>>,
): ProtocolError | GatewayError =>
  UNAVAILABLE.has(status)
    ? new GatewayError(
        `a gateway before ${url} answered ${status}`,
        status,
        parseRetryAfter(headers["retry-after"]),
      )
    : new ProtocolError(`${url} answered ${status} with ${what}: is that a joblib server?`, status);

/** `Retry-After` in seconds, from either of its forms; undefined where it cannot be read. */
export const parseRetryAfter = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
};

const describeCause = (error: unknown): string => {
  const code = getSystemCode(error);
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = root instanceof Error ? root.message : String(root);
  return code === undefined || message.includes(code) ? message || String(code) : `${message} (${code})`;
};
