import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { FastifyRequest } from "fastify";
import { readTraceContext, type Task, type TraceContext } from "../../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../../protocol/tracing/names.ts";
import {
  createLinks,
  getActiveTracer,
  getTraceContext,
  recordFailure,
  runInSpan,
} from "../../protocol/tracing/spans.ts";
import type { ClaimTasksResult } from "../use-cases/claim-tasks.ts";
import { toKnownProblem } from "./problem-handler.ts";

type Links = ReturnType<typeof createLinks>;

/** What a span says beyond its name; asked only where there is a span. */
type Tell = () => Attributes;

/** How a span begins: what a sampler is to know is said here. */
interface Beginning {
  readonly name: string;
  readonly attributes: Attributes;
  readonly startTime?: number;
  readonly links?: Links;
}

interface Begun {
  readonly span: Span;
  readonly parent: Context;
}

/** In the host's own span of the request where there is one, else where the request's headers say. */
const begin = (
  tracer: Tracer,
  request: FastifyRequest,
  { name, attributes, startTime, links = [] }: Beginning,
): Begun => {
  const active = context.active();
  const around = trace.getSpanContext(active);
  const isInside = around !== undefined && isSpanContextValid(around);
  const parent = isInside ? active : propagation.extract(active, request.headers);
  const options = {
    kind: isInside ? SpanKind.INTERNAL : SpanKind.SERVER,
    attributes: { [ATTRIBUTES.system]: SYSTEM, ...attributes },
    links,
    ...(startTime !== undefined && { startTime }),
  };
  return { span: tracer.startSpan(name, options, parent), parent };
};

/** What the client is to blame for is told, and is no error of this server's. */
const fail = (span: Span, error: unknown): void => {
  const problem = toKnownProblem(error);
  if (problem === undefined || problem.status >= 500) recordFailure(span, error, problem?.id);
  else span.setAttribute(ATTRIBUTES.errorType, problem.id);
};

const inServerSpan = <Value>(
  request: FastifyRequest,
  { name, tell, links }: { name: string; tell: Tell; links?: (() => Links) | undefined },
  work: (span: Span | undefined, own: Context | undefined) => Promise<Value>,
): Promise<Value> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(undefined, undefined);
  const { span, parent } = begin(tracer, request, { name, attributes: tell(), links: links?.() ?? [] });
  return runInSpan(span, parent, { work: (own) => work(span, own), fail });
};

/** Submits in a span; `work` is given what the tasks keep: where their submitter stands, or else this span. */
export const inSubmitSpan = <Value>(
  request: FastifyRequest,
  work: (traceContext: TraceContext | undefined) => Promise<Value>,
  { tell, links }: { readonly tell: Tell; readonly links?: () => Links },
): Promise<Value> => {
  const { traceparent, tracestate } = request.headers;
  const given = traceparent === undefined ? undefined : readTraceContext(traceparent, tracestate);
  return inServerSpan(request, { name: SPANS.serverSubmit, tell, links }, (_, own) =>
    work(given ?? (own && getTraceContext(own))),
  );
};

/** Claims, and tells of it in a span where that found something: idle workers ask all day. */
export const inClaimSpan = (
  request: FastifyRequest,
  workerId: string,
  work: () => Promise<ClaimTasksResult>,
): Promise<ClaimTasksResult> => {
  const tracer = getActiveTracer();
  return tracer === undefined ? work() : tellingOfClaim(tracer, request, { workerId, work });
};

const tellingOfClaim = async (
  tracer: Tracer,
  request: FastifyRequest,
  { workerId, work }: { readonly workerId: string; readonly work: () => Promise<ClaimTasksResult> },
): Promise<ClaimTasksResult> => {
  const startTime = Date.now();
  const claimed = await work();
  const { records } = claimed;
  if (records.length === 0) return claimed;
  const links = records.flatMap(({ task }) => createLinks(task.trace_context));
  const attributes = { [ATTRIBUTES.workerId]: workerId, [ATTRIBUTES.count]: records.length };
  begin(tracer, request, { name: SPANS.serverClaim, attributes, startTime, links }).span.end();
  return claimed;
};

/** Waits for a task in a span. */
export const inAwaitSpan = <Read extends { readonly task: Task | null }>(
  request: FastifyRequest,
  { taskId, seconds }: { readonly taskId: string; readonly seconds: number },
  work: () => Promise<Read>,
): Promise<Read> => {
  if (seconds <= 0) return work();
  const tell = () => ({ [ATTRIBUTES.taskId]: taskId, [ATTRIBUTES.waitSeconds]: seconds });
  return inServerSpan(request, { name: SPANS.serverAwait, tell }, async (span) => {
    const read = await work();
    const { task } = read;
    if (task !== null) {
      span?.setAttribute(ATTRIBUTES.status, task.status).addLinks(createLinks(task.trace_context));
    }
    return read;
  });
};

/** Moves tasks in a span, linked to their submits; a report of progress is not worth one. */
export const inUpdateSpan = <Answer>(
  request: FastifyRequest,
  { isStep, tell }: { readonly isStep: boolean; readonly tell: Tell },
  { work, moved }: { work: () => Promise<Answer>; moved: (answer: Answer) => readonly Task[] },
): Promise<Answer> => {
  if (!isStep) return work();
  return inServerSpan(request, { name: SPANS.serverUpdate, tell }, async (span) => {
    const answer = await work();
    if (span === undefined) return answer;
    const tasks = moved(answer);
    span.addLinks(tasks.flatMap(({ trace_context }) => createLinks(trace_context)));
    const [task] = tasks;
    if (tasks.length === 1 && task !== undefined) span.setAttribute(ATTRIBUTES.status, task.status);
    return answer;
  });
};
