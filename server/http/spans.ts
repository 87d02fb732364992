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

/**
 * Options of a new span. A sampler only receives these attributes, and not those that are added
 * after the start.
 */
interface SpanStart {
  readonly name: string;
  readonly attributes: Attributes;
  /** Tasks or submissions. The new span gets links to the spans in which they were submitted. */
  readonly linkedTo?: readonly { readonly trace_context?: TraceContext | undefined }[];
  readonly startTime?: number;
}

/**
 * Runs a submit in a span. The trace context of the request is stored with the tasks. If the
 * request has none, the trace context of the span is stored.
 */
export function inSubmitSpan<Value>(
  request: FastifyRequest,
  start: Omit<SpanStart, "name">,
  work: (traceContext: TraceContext | undefined) => Promise<Value>,
): Promise<Value> {
  const { traceparent, tracestate } = request.headers;
  const requestContext = traceparent === undefined ? undefined : readTraceContext(traceparent, tracestate);
  return inServerSpan(request, { name: SPANS.serverSubmit, ...start }, (_, own) =>
    work(requestContext ?? (own && getTraceContext(own))),
  );
}

/** Runs a claim. Creates a span only if tasks were claimed, because idle workers claim often. */
export async function inClaimSpan(
  request: FastifyRequest,
  workerId: string,
  work: () => Promise<ClaimTasksResult>,
): Promise<ClaimTasksResult> {
  const startTime = Date.now();
  const claimed = await work();
  const { records } = claimed;
  const tracer = getActiveTracer();
  if (tracer === undefined || records.length === 0) return claimed;
  const attributes = { [ATTRIBUTES.workerId]: workerId, [ATTRIBUTES.count]: records.length };
  const linkedTo = records.map(({ task }) => task);
  startSpan(tracer, request, { name: SPANS.serverClaim, attributes, linkedTo, startTime }).span.end();
  return claimed;
}

/** Waits for the end of a task in a span. Creates no span if the request does not wait. */
export function inAwaitSpan<Result extends { readonly task: WireTask | null }>(
  request: FastifyRequest,
  { taskId, seconds }: { readonly taskId: string; readonly seconds: number },
  work: () => Promise<Result>,
): Promise<Result> {
  if (seconds <= 0) return work();
  const attributes = { [ATTRIBUTES.taskId]: taskId, [ATTRIBUTES.waitSeconds]: seconds };
  return inServerSpan(request, { name: SPANS.serverAwait, attributes }, async (span) => {
    const result = await work();
    if (result.task !== null) recordTasks(span, [result.task]);
    return result;
  });
}

/** Runs an update. If a status changes, creates a span with links to the submits of the tasks. */
export function inUpdateSpan<Result>(
  request: FastifyRequest,
  { hasTransition, attributes }: { readonly hasTransition: boolean; readonly attributes: Attributes },
  work: () => Promise<Result>,
  getTasks: (result: Result) => readonly WireTask[],
): Promise<Result> {
  if (!hasTransition) return work();
  return inServerSpan(request, { name: SPANS.serverUpdate, attributes }, async (span) => {
    const result = await work();
    recordTasks(span, getTasks(result));
    return result;
  });
}

/**
 * Runs `work` in a span, if the host application has registered a tracer. `own` is the context of
 * the span.
 */
function inServerSpan<Value>(
  request: FastifyRequest,
  start: SpanStart,
  work: (span: Span | undefined, own: Context | undefined) => Promise<Value>,
): Promise<Value> {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(undefined, undefined);
  const { span, parent } = startSpan(tracer, request, start);
  return runInSpan(span, parent, { work: (own) => work(span, own), fail: recordError });
}

/**
 * Starts a span. Its parent is the active span of the host application or, if there is none, the
 * span in the trace headers of the request.
 */
function startSpan(
  tracer: Tracer,
  request: FastifyRequest,
  { name, attributes, linkedTo = [], ...options }: SpanStart,
): { readonly span: Span; readonly parent: Context } {
  const active = context.active();
  const activeSpan = trace.getSpanContext(active);
  const hasActiveSpan = activeSpan !== undefined && isSpanContextValid(activeSpan);
  const parent = hasActiveSpan ? active : propagation.extract(active, request.headers);
  const kind = hasActiveSpan ? SpanKind.INTERNAL : SpanKind.SERVER;
  const links = linkedTo.flatMap(({ trace_context }) => createLinks(trace_context));
  const all = { [ATTRIBUTES.system]: SYSTEM, ...attributes };
  return { span: tracer.startSpan(name, { ...options, kind, attributes: all, links }, parent), parent };
}

/**
 * Adds links from a span to the spans in which its tasks were submitted. If there is only one task,
 * also records its status.
 */
function recordTasks(span: Span | undefined, tasks: readonly WireTask[]): void {
  span?.addLinks(tasks.flatMap(({ trace_context }) => createLinks(trace_context)));
  const [task] = tasks;
  if (tasks.length === 1 && task !== undefined) span?.setAttribute(ATTRIBUTES.status, task.status);
}

/** Records an error. A client error (4xx) does not mark the span as failed. */
function recordError(span: Span, error: unknown): void {
  const problem = toKnownProblem(error);
  if (problem === undefined || problem.status >= 500) recordFailure(span, error, problem?.id);
  else span.setAttribute(ATTRIBUTES.errorType, problem.id);
}
