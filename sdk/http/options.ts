import type * as z from "zod";
import type { JsonValue, StreamName, Streams, Task } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import type { RetryPolicy } from "./retry.ts";
import type { FetchLike } from "./transport.ts";

/** URL of the server if neither the `url` option nor `JOBLIB_URL` is set. */
export const DEFAULT_URL = "http://127.0.0.1:7800";
/** Maximum duration of a call in seconds, not counting its `wait`. */
export const DEFAULT_TIMEOUT_SECONDS = 30;
/**
 * Maximum duration of one long poll, in seconds. It is short, because load balancers close idle connections
 * after 30 or 60 s.
 */
export const MAX_LONG_POLL_SECONDS = 25;
/** Maximum size of a response body, in bytes. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** A bearer token, or a function that returns the current one. The function is called before every request. */
export type Token = string | (() => string | Promise<string>);

/** The server of a `JoblibClient`, and how the client calls it. */
export interface ClientOptions {
  /** The server's URL, including the plugin's prefix. Default: `JOBLIB_URL`, or `http://127.0.0.1:7800`. */
  readonly url?: string | undefined;
  /** A bearer token, or a function that returns one. Default: `JOBLIB_TOKEN`. */
  readonly token?: Token | undefined;
  /** A function to use instead of undici, for example the global `fetch` in tests with msw. */
  readonly fetch?: FetchLike | undefined;
  /** How calls are retried. Default: up to 4 attempts within 30 s. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** The `User-Agent` header. Default: `joblib`. */
  readonly userAgent?: string | undefined;
}

/** Options that every call accepts. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum duration of a long poll, in seconds (`Prefer: wait=N`, RFC 7240). Default: no long poll. */
  readonly wait?: number | undefined;
  /**
   * The idempotency key of a submit. Default: a random key for `submitTask`, so that retries create only one
   * task.
   */
  readonly idempotencyKey?: string | undefined;
  /** An `ETag`. The response is a 304 while the task has not changed. */
  readonly ifNoneMatch?: string | undefined;
  /** Overrides the client's retry policy; false disables retries. */
  readonly retry?: boolean | Partial<RetryPolicy> | undefined;
  /** Maximum duration of each attempt in seconds, not counting `wait`. Default: 30. */
  readonly timeoutSeconds?: number | undefined;
}

/** The path parameters of a stream. */
export type StreamParams<Name extends StreamName> = z.input<Streams[Name]["params"]> & Record<string, string>;

/** The event after which `JoblibClient.follow` starts, and the signal that ends it. */
export interface FollowOptions {
  /** Aborts the stream, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The `id` of the last event that was received. The stream continues after this event. */
  readonly lastEventId?: string | undefined;
  /** The query of the stream, for example `{ from: "17" }` for `followOutput`. */
  readonly query?: Readonly<Record<string, string>> | undefined;
}

/** The first part that `client.tasks.output` yields, and its callback. */
export interface OutputOptions {
  /** A part number of the current attempt, or `<attempt>.<number>`. Default: the first part of the current attempt. */
  readonly from?: number | string | undefined;
  /** Aborts the stream, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the number of the attempt whose parts follow: at the start, and when the task is retried. The parts of
   * earlier attempts are then obsolete.
   */
  readonly onAttempt?: ((attempt: number) => void) | undefined;
}

/** A part of a task's output. */
export interface ReceivedPart {
  readonly attempt: number;
  /** The number of the part in its attempt, from 0. */
  readonly number: number;
  /** Text, or any other JSON value. */
  readonly value: JsonValue;
}

/** The maximum wait of `JoblibClient.awaitTask`, and the callback for changes of the task. */
export interface AwaitTaskOptions {
  /** Maximum time to wait, in seconds. Default: until the task has ended. */
  readonly wait?: number | undefined;
  /** Aborts the wait, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the current task, and again after every change. */
  readonly onChange?: ((task: Task) => void) | undefined;
}

/** Returns an environment variable; undefined if it is not set or empty. */
export const readEnvironment = (name: "JOBLIB_URL" | "JOBLIB_TOKEN" | "JOBLIB_ROOM"): string | undefined =>
  process.env[name]?.trim() || undefined;

/**
 * Returns the server's URL without a trailing slash. A path in it is the plugin's prefix. Throws `UsageError`
 * if the URL is invalid, or has a user, query or fragment.
 */
export const parseServerUrl = (value: string | undefined): string => {
  const text = value ?? readEnvironment("JOBLIB_URL") ?? DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`the server URL must start with http:// or https://, not ${JSON.stringify(text)}`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      "the server URL must not contain a user, query or fragment; pass credentials as `token`",
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
};

/**
 * Returns the `Authorization` header for a token, or undefined if there is none. Throws `UsageError` if a
 * header cannot contain the token, because `fetch` would include the token in its error message.
 */
export const getAuthorizationHeader = async (value: Token | undefined): Promise<string | undefined> => {
  const source = value ?? readEnvironment("JOBLIB_TOKEN");
  const token = (typeof source === "function" ? await source() : source)?.trim();
  if (token === undefined || token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(
      "the token contains characters that are not allowed in a header; check it for spaces and control characters",
    );
  return `Bearer ${token}`;
};
