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
import { MAX_RESPONSE_BYTES } from "./options.ts";
import type { JsonResponse, ResponseFacts } from "./transport.ts";

type WithHeaders = Pick<ResponseFacts, "headers">;

/** The ways in which a response is not from joblib. */
type ResponseFault = "too-large" | "redirect" | "no-json" | "invalid-json" | "no-problem" | "no-event-stream";

const UNAVAILABLE = new Set([429, 502, 503, 504]);

/**
 * Creates the error for a response that is not from joblib. This is a `GatewayError` for a temporary error of
 * a gateway.
 */
export const createResponseError = (
  fault: ResponseFault,
  facts: ResponseFacts,
  cause?: unknown,
): ProtocolError | GatewayError => {
  const { url, status, headers } = facts;
  // The body of a gateway's error may be anything, for example empty in spite of a JSON content type.
  if (fault !== "too-large" && UNAVAILABLE.has(status)) {
    const message = `a gateway in front of ${url} responded with ${status}`;
    return new GatewayError(message, status, parseRetryAfter(headers["retry-after"]));
  }
  return new ProtocolError(describeFault(fault, facts), status, { cause });
};

const describeFault = (fault: ResponseFault, { url, status, headers }: ResponseFacts): string => {
  const responded = `${url} responded with ${status} and`;
  const hint = "check the URL of the server, including the prefix of its API";
  const type = headers["content-type"];
  const location = JSON.stringify(headers["location"] ?? "an unknown URL");
  switch (fault) {
    case "too-large":
      return `${url} sent more than ${MAX_RESPONSE_BYTES} bytes`;
    case "redirect":
      return `${url} redirects to ${location}; redirects are not followed, so check the server's url`;
    case "no-json":
      return `${responded} ${type === undefined ? "no content type" : `content type ${JSON.stringify(type)}`}; ${hint}`;
    case "invalid-json":
      return `${responded} invalid JSON`;
    case "no-problem":
      return `${responded} an error that is not a problem document of joblib; ${hint}`;
    case "no-event-stream":
      return `${responded} no event stream; ${hint}`;
  }
};

/**
 * Parses `Retry-After`, which is a number of seconds or a date. Returns seconds, or undefined if it is
 * missing or invalid.
 */
const parseRetryAfter = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
};

/** Creates the error for a response with an error status: that of its problem document, if it is one. */
export const createStatusError = (response: JsonResponse): ProblemError | ProtocolError | GatewayError => {
  const problem = ProblemDocument.safeParse(response.json);
  if (!problem.success) return createResponseError("no-problem", response);
  return toProblemError(problem.data, parseRetryAfter(response.headers["retry-after"]));
};

/** The response to a call: status, headers and body. */
export type CallResponse<Name extends OperationName> = OperationResponse<Operations[Name]> & WithHeaders;
/** The minimal response to a call, if the server supports it. */
export type MinimalCallResponse<Name extends OperationName> = MinimalResponse<Operations[Name]> & WithHeaders;

/**
 * Parses the response to a call. Throws a `ProblemError` for a problem document, and `ProtocolError` or
 * `GatewayError` for any other response that the operation does not declare.
 */
export const readResponse = <Name extends OperationName>(
  name: Name,
  response: JsonResponse,
): CallResponse<Name> => {
  const { responses }: Operation = operations[name];
  // The operation's schema for this status has parsed the body, so the type is correct.
  return parseResponse(name, responses, response) as CallResponse<Name>;
};

/**
 * Parses the response to a call with `Prefer: return=minimal`. `Preference-Applied` shows whether the server
 * supports it.
 */
export const readMinimalResponse = <Name extends OperationName>(
  name: Name,
  response: JsonResponse,
): CallResponse<Name> | MinimalCallResponse<Name> => {
  const { minimal }: Operation = operations[name];
  if (minimal === undefined || !prefersMinimal(response.headers["preference-applied"]))
    return readResponse(name, response);
  return parseResponse(name, minimal, response) as MinimalCallResponse<Name>;
};

const parseResponse = (name: OperationName, schemas: Operation["responses"], response: JsonResponse) => {
  const { status, headers, json } = response;
  if (status >= 400) throw createStatusError(response);
  const schema = schemas[status];
  if (schema === undefined)
    throw new ProtocolError(`the response to ${name} has the unexpected status ${status}`, status);
  const body = schema?.safeParse(json);
  if (body?.error !== undefined) {
    const [issue] = body.error.issues;
    const path = `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? ""}`;
    const message = `the response to ${name} does not match its schema at ${path}`;
    throw new ProtocolError(message, status, { cause: body.error });
  }
  return { status, headers, body: body?.data ?? null };
};
