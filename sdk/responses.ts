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
} from "../protocol/index.ts";
import { createQuickCheck } from "../protocol/quick-check.ts";
import { errorOf, ProtocolError } from "./errors.ts";
import { type Answer, createForeignResponseError, parseRetryAfter } from "./transport.ts";

interface WithHeaders {
  readonly headers: Readonly<Record<string, string>>;
}

/** What a call gives: status, body and headers of the answer. */
export type CallResponse<Name extends OperationName> = OperationResponse<Operations[Name]> & WithHeaders;
/** What it may give to who asked for no more than that. */
export type MinimalCallResponse<Name extends OperationName> = MinimalResponse<Operations[Name]> & WithHeaders;

interface Read extends WithHeaders {
  readonly status: number;
  readonly body: unknown;
}

type Schemas = Readonly<Record<number, z.ZodType | null>>;

const read = (
  name: OperationName,
  schemas: Schemas,
  { status, headers, json }: Answer,
  url: string,
): Read => {
  if (status >= 400) {
    const problem = ProblemDocument.safeParse(json);
    if (problem.success) throw errorOf(problem.data, parseRetryAfter(headers["retry-after"]));
    throw createForeignResponseError(status, url, "an error that is not joblib's", headers);
  }
  const schema = schemas[status];
  if (schema === undefined)
    throw new ProtocolError(`${name} answered ${status}, which it never does`, status);
  if (schema !== null && createQuickCheck(schema)(json)) return { status, headers, body: json };
  const body = schema?.safeParse(json);
  if (body?.error !== undefined) {
    const [issue] = body.error.issues;
    const where = `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? ""}`;
    throw new ProtocolError(`${name} answered out of contract, at ${where}`, status, { cause: body.error });
  }
  return { status, headers, body: body?.data ?? null };
};

/** True for an answer whose body its own schema made; the type follows from the table. */
const isFullResponse = <Name extends OperationName>(name: Name, answer: Read): answer is CallResponse<Name> =>
  Object.hasOwn(operations[name].responses, answer.status);

const isMinimalResponse = <Name extends OperationName>(name: Name, { status }: Read): boolean => {
  const { minimal }: Operation = operations[name];
  return minimal !== undefined && Object.hasOwn(minimal, status);
};

/** An answer by the operation's contract; a problem is thrown, and so is what is no answer to it. */
export const readResponse = <Name extends OperationName>(
  name: Name,
  answer: Answer,
  url: string,
): CallResponse<Name> => {
  const { responses }: Operation = operations[name];
  const whole = read(name, responses, answer, url);
  if (!isFullResponse(name, whole)) throw new ProtocolError(`${name} answered ${whole.status}`, whole.status);
  return whole;
};

/** The same of what was asked for briefly; the server says whether it was heard. */
export const readMinimalResponse = <Name extends OperationName>(
  name: Name,
  answer: Answer,
  url: string,
): CallResponse<Name> | MinimalCallResponse<Name> => {
  const { minimal }: Operation = operations[name];
  const isApplied = prefersMinimal(answer.headers["preference-applied"]);
  if (minimal === undefined || !isApplied || answer.status >= 400) return readResponse(name, answer, url);
  const brief = read(name, minimal, answer, url);
  if (!isMinimalResponse(name, brief))
    throw new ProtocolError(`${name} answered ${brief.status}`, brief.status);
  return brief as MinimalCallResponse<Name>;
};
