import {
  fillPath,
  formatPreferences,
  type JsonValue,
  type TransferName,
  type TransferOperation,
  transfers,
} from "../../protocol/index.ts";
import { ConnectionError, DeadlineError, JoblibError, UsageError } from "../errors.ts";
import type { FetchLike, FetchResponse, RequestContent } from "./options.ts";
import { createStatusError, readJson } from "./responses.ts";

const TIMEOUT_SECONDS = 30;

/** A request whose request or response body is not JSON, and its time limits. */
export interface TransferRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, JsonValue | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly content?: RequestContent | undefined;
  /** Maximum time that the server waits before it responds, in seconds (`Prefer: wait`). */
  readonly wait?: number | undefined;
  /** Maximum time to wait for the start of the response in seconds, not counting `wait`. Default: 30. */
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A response whose body has not been read. */
export interface TransferResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: FetchResponse["body"];
}

interface TransferEnvironment {
  readonly url: string;
  readonly fetch: FetchLike;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends a request whose request or response body is not JSON. Throws the `ProblemError` of a
 * problem document, `ConnectionError` or `DeadlineError` if there is no response, and
 * `ProtocolError` if the response does not come from joblib.
 */
export async function transfer(
  name: TransferName,
  {
    params,
    query = {},
    headers = {},
    content,
    wait,
    timeoutSeconds = TIMEOUT_SECONDS,
    signal,
  }: TransferRequest,
  environment: TransferEnvironment,
): Promise<TransferResponse> {
  const operation: TransferOperation = transfers[name];
  const url = environment.url + buildPath(operation.path, params) + toQuery(query);
  const prefer = wait === undefined ? "" : formatPreferences({ wait: Math.ceil(wait) });
  // The deadline applies only until the response starts, because the transfer of a large body may
  // take long.
  const deadline = new AbortController();
  const seconds = (wait ?? 0) + timeoutSeconds;
  const isStream = content instanceof ReadableStream;
  const timer = isStream
    ? undefined
    : setTimeout(
        () => deadline.abort(new DeadlineError(`no response from ${url} within ${seconds} s`)),
        seconds * 1000,
      );
  const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal];
  try {
    const response = await environment.fetch(url, {
      method: operation.method,
      headers: { ...environment.headers, ...(prefer !== "" && { prefer }), ...headers },
      redirect: "manual",
      signal: AbortSignal.any(signals),
      ...(content !== undefined && { body: content }),
      ...(isStream && { duplex: "half" as const }),
    });
    const { status, body } = response;
    if (status >= 300 && status !== 304) throw createStatusError(await readJson(response, url));
    // Reads the rest of the body, because undici removes its listener from the signal only at the
    // end of the body. If the signal belongs to a task, the request and its content would otherwise
    // stay in memory until the task ends.
    if (operation.content !== "response" || status === 304) await discard(body);
    return { status, headers: Object.fromEntries(response.headers), body };
  } catch (error) {
    signal?.throwIfAborted();
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (error instanceof JoblibError) throw error;
    throw new ConnectionError(`no response from ${environment.url}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function discard(body: FetchResponse["body"]): Promise<void> {
  if (body === null) return;
  for await (const _part of body);
}

function buildPath(path: string, params: Readonly<Record<string, string>>): string {
  for (const [key, value] of Object.entries(params)) {
    if (value === "" || value === "." || value === "..") {
      throw new UsageError(
        `${key} cannot be ${JSON.stringify(value)}, because it would change the path of the URL`,
      );
    }
  }
  return fillPath(path, params);
}

/**
 * Formats parameters as a query: text unchanged, the items of a list as repeated parameters, and
 * other values as JSON.
 */
function toQuery(query: Readonly<Record<string, JsonValue | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const values = Array.isArray(value) && value.length > 1 ? value : [value];
    for (const one of values) search.append(name, typeof one === "string" ? one : JSON.stringify(one));
  }
  return search.size === 0 ? "" : `?${search}`;
}
