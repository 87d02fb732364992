import type * as z from "zod";
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
import { ProtocolError, toProblemError } from "../errors.ts";
import { createForeignResponseError, type JsonResponse, parseRetryAfter } from "./transport.ts";

interface WithHeaders {
  readonly headers: Readonly<Record<string, string>>;
}

/** The response to a call: status, headers and body. */
export type CallResponse<Name extends OperationName> = OperationResponse<Operations[Name]> & WithHeaders;
/** The minimal response to a call, if the server supports it. */
export type MinimalCallResponse<Name extends OperationName> = MinimalResponse<Operations[Name]> & WithHeaders;

interface ParsedResponse extends WithHeaders {
  readonly status: number;
  readonly body: unknown;
}

type Schemas = Readonly<Record<number, z.ZodType | null>>;

const createStatusError = (name: OperationName, status: number): ProtocolError =>
  new ProtocolError(`the response to ${name} has the unexpected status ${status}`, status);

const parseResponse = (
  name: OperationName,
  schemas: Schemas,
  { status, headers, json }: JsonResponse,
  url: string,
): ParsedResponse => {
  if (status >= 400) {
    const problem = ProblemDocument.safeParse(json);
    if (problem.success) throw toProblemError(problem.data, parseRetryAfter(headers["retry-after"]));
    throw createForeignResponseError(
      status,
      url,
      "an error that is not a problem document of joblib",
      headers,
    );
  }
  const schema = schemas[status];
  if (schema === undefined) throw createStatusError(name, status);
  const body = schema?.safeParse(json);
  if (body?.error !== undefined) {
    const [issue] = body.error.issues;
    const path = `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? ""}`;
    throw new ProtocolError(`the response to ${name} does not match its schema at ${path}`, status, {
      cause: body.error,
    });
  }
  return { status, headers, body: body?.data ?? null };
};

/** Returns true if the body was parsed with the operation's own schema, so that the type is correct. */
const isFullResponse = <Name extends OperationName>(
  name: Name,
  response: ParsedResponse,
): response is CallResponse<Name> => Object.hasOwn(operations[name].responses, response.status);

const isMinimalResponse = <Name extends OperationName>(name: Name, { status }: ParsedResponse): boolean => {
  const { minimal }: Operation = operations[name];
  return minimal !== undefined && Object.hasOwn(minimal, status);
};

/**
 * Parses the response to a call. Throws a `ProblemError` for a problem document, and `ProtocolError` or
 * `GatewayError` for any other response that the operation does not declare.
 */
export const readResponse = <Name extends OperationName>(
  name: Name,
  response: JsonResponse,
  url: string,
): CallResponse<Name> => {
  const { responses }: Operation = operations[name];
  const parsed = parseResponse(name, responses, response, url);
  if (!isFullResponse(name, parsed)) throw createStatusError(name, parsed.status);
  return parsed;
};

/**
 * Parses the response to a call with `Prefer: return=minimal`. `Preference-Applied` shows whether the server
 * supports it.
 */
export const readMinimalResponse = <Name extends OperationName>(
  name: Name,
  response: JsonResponse,
  url: string,
): CallResponse<Name> | MinimalCallResponse<Name> => {
  const { minimal }: Operation = operations[name];
  const isApplied = prefersMinimal(response.headers["preference-applied"]);
  if (minimal === undefined || !isApplied || response.status >= 400) return readResponse(name, response, url);
  const parsed = parseResponse(name, minimal, response, url);
  if (!isMinimalResponse(name, parsed)) throw createStatusError(name, parsed.status);
  return parsed as MinimalCallResponse<Name>;
};
