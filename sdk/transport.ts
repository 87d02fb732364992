import { ConnectionError, DeadlineError, GatewayError, ProtocolError } from "./errors.ts";
import { systemCodeOf } from "./retry.ts";
import { defaultSender, type Received, type Send } from "./senders.ts";

/** One request. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
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
export const exchange = async (
  { deadlineSeconds, signal, url, method, headers, body }: Exchange,
  send: Send = defaultSender,
): Promise<Answer> => {
  signal?.throwIfAborted();
  const abort = new AbortController();
  let isLate = false;
  const late = () => {
    isLate = true;
    abort.abort();
  };
  const timer = setTimeout(late, Math.min(deadlineSeconds * 1000, 2 ** 31 - 1));
  // By hand: `AbortSignal.any` costs a waiting claim as much as all the rest of its request.
  const onAbort = () => abort.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    const init = { method, headers, redirect: "manual", signal: abort.signal } as const;
    return await readAnswer(await send(url, body === undefined ? init : { ...init, body }), url);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof GatewayError) throw error;
    signal?.throwIfAborted();
    const where = new URL(url).origin;
    if (isLate) {
      throw new DeadlineError(`no answer from ${where} within ${deadlineSeconds} s`, { cause: error });
    }
    throw new ConnectionError(`no answer from ${where}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
};

const readAnswer = async (answer: Received, url: string): Promise<Answer> => {
  const { status, headers } = answer;
  if (status === 304 || status === 204) {
    await answer.discard();
    return { status, headers, json: undefined };
  }
  if (status === 0 || (status >= 300 && status < 400)) {
    await answer.discard();
    const to = JSON.stringify(headers["location"] ?? "elsewhere");
    throw new ProtocolError(
      `${url} redirects to ${to}; the token stays here, so check the server's url`,
      status,
    );
  }
  const type = headers["content-type"] ?? "";
  if (!JSON_TYPE.test(type)) {
    await answer.discard();
    throw notJoblib(status, url, `${type === "" ? "a body without a type" : JSON.stringify(type)}`, headers);
  }
  return { status, headers, json: parseJson(await answer.text(), status, url) };
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
export const notJoblib = (
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

const reasonOf = (error: unknown): string => {
  const code = systemCodeOf(error);
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = root instanceof Error ? root.message : String(root);
  return code === undefined || message.includes(code) ? message || String(code) : `${message} (${code})`;
};
