import type * as z from "zod";
import type { JsonValue, StreamName, Streams, Task } from "../../protocol/index.ts";
import type { RetryPolicy } from "./retry.ts";

/**
 * A bearer token, or a function that returns the current one. The function is called before every
 * request.
 */
export type Token = string | (() => string | Promise<string>);

/** The types of a request body. */
export type RequestContent = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** The second argument of a `FetchLike`. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly body?: RequestContent;
  /** Required for a stream (WHATWG Fetch, section 5.4). */
  readonly duplex?: "half";
}

/**
 * The members of a response that the SDK reads. The `Response` of Node.js and of undici has them.
 */
export interface FetchResponse {
  readonly status: number;
  readonly headers: Iterable<[string, string]>;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/**
 * A function like the standard `fetch`: `globalThis.fetch`, undici's `fetch`, or a fake for tests.
 */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** The options of a `JoblibClient`. */
export interface ClientOptions {
  /**
   * The server's URL, including the path under which the API is mounted. Default: `JOBLIB_URL`, or
   * `http://127.0.0.1:7800`.
   */
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
  /**
   * Maximum duration of a long poll, in seconds (`Prefer: wait=N`, RFC 7240). Default: no long
   * poll.
   */
  readonly wait?: number | undefined;
  /**
   * The idempotency key of a submit. Default for `submitTask`: a random key, so that retries create
   * only one task.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * The `ETag` of an earlier response. If the task has not changed since then, the response is a
   * 304.
   */
  readonly ifNoneMatch?: string | undefined;
  /** Overrides the client's retry policy; false disables retries. */
  readonly retry?: boolean | Partial<RetryPolicy> | undefined;
  /** Maximum duration of each attempt in seconds, not counting `wait`. Default: 30. */
  readonly timeoutSeconds?: number | undefined;
}

/** The path parameters of a stream. */
export type StreamParams<Name extends StreamName> = z.input<Streams[Name]["params"]> & Record<string, string>;

/** The options of `JoblibClient.follow`. */
export interface FollowOptions {
  /** Aborts the stream, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The `id` of the last event that was received. The stream continues after this event. */
  readonly lastEventId?: string | undefined;
  /** The query of the stream, for example `{ from: "17" }` for `followOutput`. */
  readonly query?: Readonly<Record<string, string>> | undefined;
}

/** Options of `client.tasks.output`. */
export interface OutputOptions {
  /**
   * The first part to yield: its number in the current attempt, or `<attempt>.<number>`. Default:
   * the first part of the current attempt.
   */
  readonly from?: number | string | undefined;
  /** Aborts the stream, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the number of the attempt whose parts follow: at the start, and when the task is
   * retried. The parts of earlier attempts are then obsolete.
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

/** The options of `JoblibClient.awaitTask`. */
export interface AwaitTaskOptions {
  /** Maximum time to wait, in seconds. Default: until the task has ended. */
  readonly wait?: number | undefined;
  /** Aborts the wait, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called once with the current task, and then after every change of the task. */
  readonly onChange?: ((task: Task) => void) | undefined;
}
