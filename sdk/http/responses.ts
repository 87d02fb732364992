import {
  type MinimalResponse,
  type Operation,
  type OperationName,
  type OperationResponse,
  type Operations,
  operations,
  ProblemDocument,
  prefersMinimal,
} from "../../protocol/index.ts";
import { GatewayError, type ProblemError, ProtocolError } from "../errors.ts";
import { toProblemError } from "../problem-errors.ts";
import type { FetchResponse } from "./options.ts";

/** The parts of a response that appear in an error message about the response. */
export interface ResponseFacts {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

type WithHeaders = Pick<ResponseFacts, "headers">;
/** The response to a call: status, headers and body. */
export type CallResponse<Name extends OperationName> = OperationResponse<Operations[Name]> & WithHeaders;
/** The minimal response to a call. Servers that do not support it send the full response. */
export type MinimalCallResponse<Name extends OperationName> = MinimalResponse<Operations[Name]> & WithHeaders;

/** Maximum size of a response body, in bytes. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

const GATEWAY_ERROR_STATUSES = new Set([429, 502, 503, 504]);
const CHECK_URL = "check the URL of the server, including the prefix of its API";

/** Creates the error messages for responses that cannot be from joblib, by the reason. */
const FAULTS = {
  "too-large": ({ url }: ResponseFacts) => `${url} sent more than ${MAX_RESPONSE_BYTES} bytes`,
  redirect: ({ url, headers }) =>
    `${url} redirects to ${JSON.stringify(headers["location"] ?? "an unknown URL")}; redirects are not followed, so check the server's URL`,
  "no-json": (facts) => {
    const type = facts.headers["content-type"];
    const found = type === undefined ? "no content type" : `content type ${JSON.stringify(type)}`;
    return `${describeStatus(facts)} ${found}; ${CHECK_URL}`;
  },
  "invalid-json": (facts) => `${describeStatus(facts)} invalid JSON`,
  "no-problem": (facts) =>
    `${describeStatus(facts)} an error that is not a problem document of joblib; ${CHECK_URL}`,
  "no-event-stream": (facts) => `${describeStatus(facts)} no event stream; ${CHECK_URL}`,
} satisfies Record<string, (facts: ResponseFacts) => string>;

const describeStatus = ({ url, status }: ResponseFacts): string => `${url} responded with ${status} and`;

/**
 * Creates the error for a response that cannot be from joblib. For the statuses 429, 502, 503 and
 * 504, this is a `GatewayError`, because a gateway sends them for temporary failures.
 */
export const createResponseError = (
  fault: keyof typeof FAULTS,
  facts: ResponseFacts,
  cause?: unknown,
): ProtocolError | GatewayError => {
  const { url, status, headers } = facts;
  // The status is checked before `fault`, because an error of a gateway may have any body, even an
  // empty body with the content type of JSON.
  if (fault !== "too-large" && GATEWAY_ERROR_STATUSES.has(status)) {
    const message = `a gateway in front of ${url} responded with ${status}`;
    return new GatewayError(message, status, parseRetryAfter(headers["retry-after"]));
  }
  return new ProtocolError(FAULTS[fault](facts), status, { cause });
};

/**
 * Returns the delay in a `Retry-After` header in seconds. The header contains a number of seconds
 * or a date. Returns undefined if it is missing or invalid.
 */
const parseRetryAfter = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
};

/**
 * Creates the error for a response with an error status. If the body is a problem document, the
 * error is an instance of the class for this problem.
 */
export const createStatusError = (response: JsonResponse): ProblemError | ProtocolError | GatewayError => {
  const problem = ProblemDocument.safeParse(response.json);
  if (!problem.success) return createResponseError("no-problem", response);
  return toProblemError(problem.data, parseRetryAfter(response.headers["retry-after"]));
};

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;

const decoder = new TextDecoder();

/**
 * A JSON response. The constructor and the methods throw `ProtocolError` or `GatewayError` if the
 * response is not JSON.
 */
export class JsonResponse implements ResponseFacts {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body. Undefined before `end` is called, and if the response has no body. */
  json: unknown;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor({ url, status, headers }: ResponseFacts) {
    this.url = url;
    this.status = status;
    this.headers = headers;
    if (this.isEmpty) return;
    if (status === 0 || (status >= 300 && status < 400)) throw createResponseError("redirect", this);
    if (!JSON_TYPE.test(headers["content-type"] ?? "")) throw createResponseError("no-json", this);
  }

  /** True if a response with this status has no body. */
  get isEmpty(): boolean {
    return this.status === 304 || this.status === 204;
  }

  /** Adds a chunk of the body. */
  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > MAX_RESPONSE_BYTES) throw createResponseError("too-large", this);
    this.#chunks.push(chunk);
  }

  /** Parses the whole body. */
  end(): this {
    if (this.isEmpty) return this;
    const [first, second] = this.#chunks;
    const text = decoder.decode(second === undefined ? first : Buffer.concat(this.#chunks));
    try {
      this.json = JSON.parse(text);
    } catch (error) {
      throw createResponseError("invalid-json", this, error);
    }
    return this;
  }
}

/** Reads a JSON response. Throws the errors of `JsonResponse`. */
export const readJson = async (response: FetchResponse, url: string): Promise<JsonResponse> => {
  const { status, headers } = response;
  const json = new JsonResponse({ url, status, headers: Object.fromEntries(headers) });
  if (!json.isEmpty) for await (const chunk of response.body ?? []) json.add(chunk);
  return json.end();
};

/**
 * Parses the response to a call. `isMinimal` is true if the request preferred a minimal response;
 * the header `Preference-Applied` then shows whether the response is minimal. Throws a
 * `ProblemError` for a problem document, and `ProtocolError` or `GatewayError` for any other
 * response that the operation does not declare.
 */
export const readResponse = <Name extends OperationName>(
  name: Name,
  response: JsonResponse,
  isMinimal: boolean,
): CallResponse<Name> | MinimalCallResponse<Name> => {
  const { status, headers, json } = response;
  if (status >= 400) throw createStatusError(response);
  const { responses, minimal }: Operation = operations[name];
  const schemas = isMinimal && prefersMinimal(headers["preference-applied"]) ? minimal : undefined;
  const schema = (schemas ?? responses)[status];
  if (schema === undefined)
    throw new ProtocolError(`the response to ${name} has the unexpected status ${status}`, status);
  const body = schema?.safeParse(json);
  if (body?.error !== undefined) {
    const [issue] = body.error.issues;
    const path = `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? ""}`;
    const message = `the response to ${name} does not match its schema at ${path}`;
    throw new ProtocolError(message, status, { cause: body.error });
  }
  // The body was parsed with the operation's schema for this status, so it has the asserted type.
  return { status, headers, body: body?.data ?? null } as CallResponse<Name> | MinimalCallResponse<Name>;
};
