import {
  answerSchema,
  COMMON_PROBLEMS,
  type Operation,
  operations,
  PROBLEM_IDS,
  ProblemDocument,
  type ProblemId,
  type StreamOperation,
  streams,
} from "../../protocol/index.ts";
import { eventTexts } from "./event-texts.ts";
import type { FuzzedRequest } from "./fuzzed-request.ts";
import type { Target } from "./targets.ts";

/** What came back. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** What any address may answer, besides what its operation declares. */
const ANYWHERE: readonly ProblemId[] = [...COMMON_PROBLEMS, "route-not-found", "method-not-allowed"];
const LEAK =
  /\bat (async )?[\w.<>]+ \(?[^ ]*\.(js|ts):\d+|node_modules|\bjoblib\.(task|job|worker)\b|insert into|select .+ from|syntax error/i;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const problemFault = (
  declared: readonly string[],
  { status, headers, text }: Received,
): string | undefined => {
  if (headers["content-type"] !== "application/problem+json")
    return `${status} as ${headers["content-type"]}`;
  const document = ProblemDocument.safeParse(parsed(text));
  if (!document.success) return `${status} is no problem document: ${text.slice(0, 200)}`;
  const id = document.data.type.split("/").at(-1) ?? "";
  if (!declared.includes(id)) return `${id} is not declared`;
  if (document.data.status !== status) return `${status} says ${document.data.status}`;
  if (status >= 500 && id !== "service-unavailable") return `${status} ${id}: ${document.data.detail}`;
  if ((status === 503 || status === 429) && headers["retry-after"] === undefined)
    return `${status} without Retry-After`;
  return LEAK.test(text) ? `tells of its inside: ${text.slice(0, 300)}` : undefined;
};

const OPERATIONS = new Map(Object.entries<Operation>(operations));
const STREAMS = new Map(Object.entries<StreamOperation>(streams));

const streamFault = (events: StreamOperation["events"], { headers, text }: Received): string | undefined => {
  if (headers["content-type"] !== "text/event-stream; charset=utf-8")
    return `a stream as ${headers["content-type"]}`;
  const told = eventTexts(text);
  if (told === undefined) return `no stream of events: ${text.slice(0, 300)}`;
  const strange = told.find(({ event, data }) => events[event]?.safeParse(parsed(data)).success !== true);
  return strange && `an event ${strange.event} out of contract: ${strange.data.slice(0, 200)}`;
};

const answerFault = (entry: Operation, { status, text }: Received): string | undefined => {
  const schema = answerSchema(entry, status);
  if (schema === undefined) return `${status} is not declared`;
  if (schema === null) return text === "" ? undefined : `${status} has a body`;
  const body = schema.safeParse(parsed(text));
  return body.success
    ? undefined
    : `${status} out of contract: ${body.error.issues[0]?.path.join("/")} ${text.slice(0, 200)}`;
};

/** Says what is wrong with an answer; undefined where nothing is. */
export const faultOf = (target: Target, request: FuzzedRequest, received: Received): string | undefined => {
  const { status } = received;
  const operation = OPERATIONS.get(target.name);
  const stream = STREAMS.get(target.name);
  const problems = (operation ?? stream)?.problems;
  if (problems === undefined) return "it is in the document, and in no table";
  if (status >= 400)
    return problemFault(request.isAimed ? [...ANYWHERE, ...problems] : PROBLEM_IDS, received);
  if (!request.isAimed) return undefined;
  if (!target.statuses.includes(status)) return `${status} is not declared`;
  if (operation !== undefined) return answerFault(operation, received);
  return stream && streamFault(stream.events, received);
};
