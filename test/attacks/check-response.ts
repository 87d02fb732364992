import {
  COMMON_PROBLEMS,
  getResponseSchema,
  type Operation,
  operations,
  PROBLEM_IDS,
  ProblemDocument,
  type ProblemId,
  type StreamOperation,
  streams,
  type TransferOperation,
  transfers,
} from "../../protocol/index.ts";
import { parseEventStream } from "./event-stream.ts";
import type { FuzzedRequest } from "./fuzzed-request.ts";
import type { Target } from "./targets.ts";

export interface FuzzResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Problems that every path may return in addition to the problems that its operation declares. */
const COMMON: readonly ProblemId[] = [...COMMON_PROBLEMS, "route-not-found", "method-not-allowed"];
/**
 * Problems with a 5xx status that the state of the database or of a provider's worker may cause.
 */
const EXPECTED_FAILURES = new Set([
  "service-unavailable",
  "provider-offline",
  "provider-timeout",
  "insufficient-storage",
  "read-failed",
]);
const INTERNAL_DETAILS =
  /\bat (async )?[\w.<>]+ \(?[^ ]*\.(js|ts):\d+|node_modules|\bjoblib\.(task|job|worker)\b|insert into|select .+ from|syntax error/i;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const checkProblem = (
  declared: readonly string[],
  { status, headers, text }: FuzzResponse,
): string | undefined => {
  if (headers["content-type"] !== "application/problem+json")
    return `${status} as ${headers["content-type"]}`;
  const document = ProblemDocument.safeParse(parseJson(text));
  if (!document.success) return `the body of ${status} is not a problem document: ${text.slice(0, 200)}`;
  const id = document.data.type.split("/").at(-1) ?? "";
  if (!declared.includes(id)) return `${id} is not declared`;
  if (document.data.status !== status)
    return `a problem in a ${status} response has the status ${document.data.status}`;
  if (status >= 500 && !EXPECTED_FAILURES.has(id)) return `${status} ${id}: ${document.data.detail}`;
  if ((status === 503 || status === 429) && headers["retry-after"] === undefined)
    return `${status} without Retry-After`;
  return INTERNAL_DETAILS.test(text) ? `reveals internal details: ${text.slice(0, 300)}` : undefined;
};

/** A response to HEAD has no body (RFC 9110, section 9.3.2), so only its headers are checked. */
const checkHeadProblem = ({ status, headers, text }: FuzzResponse): string | undefined => {
  if (text !== "") return `a response to HEAD has a body: ${text.slice(0, 200)}`;
  return headers["content-type"] === "application/problem+json"
    ? undefined
    : `${status} as ${headers["content-type"]}`;
};

const OPERATIONS = new Map(Object.entries<Operation>(operations));
const STREAMS = new Map(Object.entries<StreamOperation>(streams));
const TRANSFERS = new Map(Object.entries<TransferOperation>(transfers));

const checkStream = (
  events: StreamOperation["events"],
  { headers, text }: FuzzResponse,
): string | undefined => {
  if (headers["content-type"] !== "text/event-stream; charset=utf-8")
    return `a stream as ${headers["content-type"]}`;
  const received = parseEventStream(text);
  if (received === undefined) return `the body is not an event stream: ${text.slice(0, 300)}`;
  const invalid = received.find(
    ({ event, data }) => events[event]?.safeParse(parseJson(data)).success !== true,
  );
  return invalid && `the event ${invalid.event} does not match its schema: ${invalid.data.slice(0, 200)}`;
};

const checkBody = (entry: Operation, { status, text }: FuzzResponse): string | undefined => {
  const schema = getResponseSchema(entry, status);
  if (schema === undefined) return `${status} is not declared`;
  if (schema === null) return text === "" ? undefined : `${status} has a body`;
  const body = schema.safeParse(parseJson(text));
  return body.success
    ? undefined
    : `the body of ${status} does not match its schema: ${body.error.issues[0]?.path.join("/")} ${text.slice(0, 200)}`;
};

/** Returns a description of what is wrong with a response, or undefined if it is correct. */
export const checkResponse = (
  target: Target,
  request: FuzzedRequest,
  received: FuzzResponse,
): string | undefined => {
  const { status } = received;
  const operation = OPERATIONS.get(target.name);
  const stream = STREAMS.get(target.name);
  const problems = (operation ?? stream ?? TRANSFERS.get(target.name))?.problems;
  if (problems === undefined)
    return "the operation is in the OpenAPI document, but not in the protocol's tables";
  if (status >= 400 && request.method === "HEAD") return checkHeadProblem(received);
  if (status >= 400)
    return checkProblem(request.isForTarget ? [...COMMON, ...problems] : PROBLEM_IDS, received);
  if (!request.isForTarget) return undefined;
  if (!target.statuses.includes(status)) return `${status} is not declared`;
  if (operation !== undefined) return checkBody(operation, received);
  return stream && checkStream(stream.events, received);
};
