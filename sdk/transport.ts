import type { Agent } from "undici";
import { ConnectionError, DeadlineError, GatewayError, ProtocolError } from "./errors.ts";
import { MAX_ANSWER_BYTES } from "./options.ts";
import { systemCodeOf } from "./retry.ts";

/** What of a request `fetch` is given. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly body?: string;
}

/** What of an answer is read; both Node's and undici's `Response` are one. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: Iterable<[string, string]> & { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Anything that fetches as the standard has it: `globalThis.fetch`, undici's, a test's own. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchAnswer>;

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

let agent: Agent | undefined;

/**
 * Node's own fetch refuses undici 8's agent, so both come from undici, loaded when they are needed: that takes 60 ms.
 * Deadlines are each exchange's own, for waits differ.
 */
const defaultFetch: FetchLike = async (url, init) => {
  const undici = await import("undici");
  agent ??= new undici.Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });
  return undici.fetch(url, { ...init, dispatcher: agent });
};

let isGlobalFetchWanted = false;

/** From here on, who names no `fetch` goes by the global one: msw sees that, and undici's own only sometimes. */
export const preferGlobalFetch = (): void => {
  isGlobalFetchWanted = true;
};

/** Looked up at each call: msw puts its own in the place of the global one, and takes it out again. */
const chosenFetch: FetchLike = (url, init) =>
  isGlobalFetchWanted ? globalThis.fetch(url, init) : defaultFetch(url, init);

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;
const UNAVAILABLE = new Set([429, 502, 503, 504]);

/** One HTTP exchange: JSON there and JSON back, bounded in time and size; redirects are not followed. */
export const exchange = async (
  { deadlineSeconds, signal, url, method, headers, body }: Exchange,
  fetch: FetchLike = chosenFetch,
): Promise<Answer> => {
  signal?.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), Math.min(deadlineSeconds * 1000, 2 ** 31 - 1));
  const either = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  try {
    const init = { method, headers, redirect: "manual", signal: either } as const;
    return await readAnswer(await fetch(url, body === undefined ? init : { ...init, body }), url);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof GatewayError) throw error;
    signal?.throwIfAborted();
    const where = new URL(url).origin;
    if (deadline.signal.aborted) {
      throw new DeadlineError(`no answer from ${where} within ${deadlineSeconds} s`, { cause: error });
    }
    throw new ConnectionError(`no answer from ${where}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
};

const readAnswer = async (answer: FetchAnswer, url: string): Promise<Answer> => {
  const { status } = answer;
  const headers = Object.fromEntries(answer.headers);
  if (status === 304 || status === 204) {
    await discard(answer);
    return { status, headers, json: undefined };
  }
  if (status === 0 || (status >= 300 && status < 400)) {
    await discard(answer);
    const to = JSON.stringify(answer.headers.get("location") ?? "elsewhere");
    throw new ProtocolError(
      `${url} redirects to ${to}; the token stays here, so check the server's url`,
      status,
    );
  }
  const type = answer.headers.get("content-type") ?? "";
  if (!JSON_TYPE.test(type)) {
    await discard(answer);
    throw notJoblib(status, url, `${type === "" ? "a body without a type" : JSON.stringify(type)}`, headers);
  }
  return { status, headers, json: parseJson(await readText(answer, url), status, url) };
};

/** Closes the connection rather than reading on what is not wanted. */
const discard = async ({ body }: FetchAnswer): Promise<void> => {
  await body?.[Symbol.asyncIterator]().return?.(undefined);
};

const readText = async ({ body, status }: FetchAnswer, url: string): Promise<string> => {
  const decoder = new TextDecoder("utf-8", { fatal: false });
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new ProtocolError(`${url} answered more than ${MAX_ANSWER_BYTES} bytes`, status);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
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
