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
import { readTraceContext, type TraceContext } from "../../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../../protocol/tracing/names.ts";
import {
  createLinks,
  getActiveTracer,
  getTraceContext,
  recordFailure,
  runInSpan,
} from "../../protocol/tracing/spans.ts";
import type { WireTask } from "../storage/task-columns.ts";
import type { ClaimTasksResult } from "../use-cases/tasks/claim-tasks.ts";
import { toKnownProblem } from "./problems.ts";

type Links = ReturnType<typeof createLinks>;

/** Returns the attributes of a span. Called only if the span is created. */
type GetAttributes = () => Attributes;

/** Options of a new span. Samplers see only these attributes. */
interface SpanStart {
  readonly name: string;
  readonly attributes: Attributes;
  readonly startTime?: number;
  readonly links?: Links;
}

interface StartedSpan {
  readonly span: Span;
  readonly parent: Context;
}

/** Starts a span in the host's active span, if there is one, or else in the trace of the request's headers. */
const startSpan = (
  tracer: Tracer,
  request: FastifyRequest,
  { name, attributes, startTime, links = [] }: SpanStart,
): StartedSpan => {
  const active = context.active();
  const activeSpan = trace.getSpanContext(active);
  const hasActiveSpan = activeSpan !== undefined && isSpanContextValid(activeSpan);
  const parent = hasActiveSpan ? active : propagation.extract(active, request.headers);
  const options = {
    kind: hasActiveSpan ? SpanKind.INTERNAL : SpanKind.SERVER,
    attributes: { [ATTRIBUTES.system]: SYSTEM, ...attributes },
    links,
    ...(startTime !== undefined && { startTime }),
  };
  return { span: tracer.startSpan(name, options, parent), parent };
};

/** Records an error. A client error (4xx) becomes an attribute and does not mark the span as failed. */
const recordError = (span: Span, error: unknown): void => {
  const problem = toKnownProblem(error);
  if (problem === undefined || problem.status >= 500) recordFailure(span, error, problem?.id);
  else span.setAttribute(ATTRIBUTES.errorType, problem.id);
};

const inServerSpan = <Value>(
  request: FastifyRequest,
  {
    name,
    getAttributes,
    links,
  }: { name: string; getAttributes: GetAttributes; links?: (() => Links) | undefined },
  work: (span: Span | undefined, own: Context | undefined) => Promise<Value>,
): Promise<Value> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(undefined, undefined);
  const { span, parent } = startSpan(tracer, request, {
    name,
    attributes: getAttributes(),
    links: links?.() ?? [],
  });
  return runInSpan(span, parent, { work: (own) => work(span, own), fail: recordError });
};

/**
 * Runs a submit in a span. The tasks store the trace context of the request if it has one, otherwise that of
 * this span.
 */
export const inSubmitSpan = <Value>(
  request: FastifyRequest,
  work: (traceContext: TraceContext | undefined) => Promise<Value>,
  { getAttributes, links }: { readonly getAttributes: GetAttributes; readonly links?: () => Links },
): Promise<Value> => {
  const { traceparent, tracestate } = request.headers;
  const requestContext = traceparent === undefined ? undefined : readTraceContext(traceparent, tracestate);
  return inServerSpan(request, { name: SPANS.serverSubmit, getAttributes, links }, (_, own) =>
    work(requestContext ?? (own && getTraceContext(own))),
  );
};

/** Runs a claim, and creates a span only if it returned tasks, because idle workers claim all the time. */
export const inClaimSpan = (
  request: FastifyRequest,
  workerId: string,
  work: () => Promise<ClaimTasksResult>,
): Promise<ClaimTasksResult> => {
  const tracer = getActiveTracer();
  return tracer === undefined ? work() : recordClaim(tracer, request, { workerId, work });
};

const recordClaim = async (
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
  startSpan(tracer, request, { name: SPANS.serverClaim, attributes, startTime, links }).span.end();
  return claimed;
};

/** Waits for a task in a span. */
export const inAwaitSpan = <Result extends { readonly task: WireTask | null }>(
  request: FastifyRequest,
  { taskId, seconds }: { readonly taskId: string; readonly seconds: number },
  work: () => Promise<Result>,
): Promise<Result> => {
  if (seconds <= 0) return work();
  const getAttributes = () => ({ [ATTRIBUTES.taskId]: taskId, [ATTRIBUTES.waitSeconds]: seconds });
  return inServerSpan(request, { name: SPANS.serverAwait, getAttributes }, async (span) => {
    const result = await work();
    const { task } = result;
    if (task !== null) {
      span?.setAttribute(ATTRIBUTES.status, task.status).addLinks(createLinks(task.trace_context));
    }
    return result;
  });
};

/**
 * Runs an update in a span that is linked to the submits of its tasks. Creates no span if no status changes.
 */
export const inUpdateSpan = <Result>(
  request: FastifyRequest,
  {
    hasTransition,
    getAttributes,
  }: { readonly hasTransition: boolean; readonly getAttributes: GetAttributes },
  { work, getTasks }: { work: () => Promise<Result>; getTasks: (result: Result) => readonly WireTask[] },
): Promise<Result> => {
  if (!hasTransition) return work();
  return inServerSpan(request, { name: SPANS.serverUpdate, getAttributes }, async (span) => {
    const result = await work();
    if (span === undefined) return result;
    const tasks = getTasks(result);
    span.addLinks(tasks.flatMap(({ trace_context }) => createLinks(trace_context)));
    const [task] = tasks;
    if (tasks.length === 1 && task !== undefined) span.setAttribute(ATTRIBUTES.status, task.status);
    return result;
  });
};
