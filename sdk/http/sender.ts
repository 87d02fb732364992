import type { Operation } from "../../protocol/index.ts";
import type { LazyAbort } from "./abort.ts";

/** The second argument of a `FetchLike`. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly body?: string;
}

/** A response whose body was not read yet. */
export interface StreamedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Returns the whole body. Throws `ProtocolError` if it is larger than `MAX_RESPONSE_BYTES`. */
  text(): Promise<string>;
  /** Yields the body in chunks, without a size limit. */
  chunks(): AsyncIterable<string>;
  /** Closes the connection without reading the body. */
  discard(): Promise<void>;
}

/** Sends a request and returns its response before the body is read. Does not follow redirects. */
export type Sender = (url: string, init: FetchInit) => Promise<StreamedResponse>;

/** A request to the server. */
export interface HttpRequest {
  readonly method: Operation["method"];
  /** Scheme, host and port, without a trailing slash. */
  readonly origin: string;
  /** The encoded path with the query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

/** A response with its whole body; `text` is undefined if the body was not read. */
export interface FullResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string | undefined;
}

/** Decides whether to read the body of a response. */
export type BodyFilter = (status: number, headers: FullResponse["headers"]) => boolean;

/** Sends a request and returns the response with at most `MAX_RESPONSE_BYTES` of body. Does not follow redirects. */
export type BufferedSender = (
  request: HttpRequest,
  shouldReadBody: BodyFilter,
  abort: LazyAbort,
) => Promise<FullResponse>;
