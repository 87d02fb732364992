import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Span,
  SpanKind,
  type SpanOptions,
  type Tracer,
} from "@opentelemetry/api";
import type { OperationName, Task, TraceContext } from "../../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../../protocol/tracing/names.ts";
import {
  createLinks,
  getActiveTracer,
  getTraceContext,
  recordFailure,
  runInSpan,
} from "../../protocol/tracing/spans.ts";

/** The parts of a call that its span describes. The payload is never recorded. */
export interface TracedCall {
  readonly name: OperationName;
  readonly url: string;
  readonly params?: unknown;
  readonly body?: unknown;
}

type Headers = Readonly<Record<string, string>>;

const getTraceHeaders = (traceContext: Context): Headers => {
  const { traceparent, tracestate } = getTraceContext(traceContext) ?? {};
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const readString = (record: unknown, name: string): string | undefined => {
  const value = isRecord(record) ? record[name] : undefined;
  return typeof value === "string" ? value : undefined;
};

/**
 * Returns the job of a submit. For a submit of several tasks, returns the job that they have in common and
 * the number of tasks.
 */
const getDestination = (params: unknown, body: unknown): { job: string | undefined; count?: number } => {
  const tasks = isRecord(body) ? body["tasks"] : undefined;
  if (!Array.isArray(tasks)) return { job: readString(params, "job_name") };
  const jobs = new Set(tasks.map((task) => readString(task, "job_name")));
  return { job: jobs.size === 1 ? [...jobs][0] : undefined, count: tasks.length };
};

const getServerAttributes = (url: string): Attributes => {
  const { hostname, port, protocol } = new URL(url);
  const defaultPort = protocol === "https:" ? 443 : 80;
  return {
    [ATTRIBUTES.serverAddress]: hostname,
    [ATTRIBUTES.serverPort]: port === "" ? defaultPort : Number(port),
  };
};

const describeSubmitSpan = ({ url, params, body }: Omit<TracedCall, "name">) => {
  const { job, count } = getDestination(params, body);
  const room = readString(params, "room_id");
  return {
    kind: SpanKind.PRODUCER,
    name: job === undefined ? SPANS.submit : `${SPANS.submit} ${job}`,
    attributes: {
      [ATTRIBUTES.system]: SYSTEM,
      [ATTRIBUTES.operation]: SPANS.submit,
      [ATTRIBUTES.operationType]: "send",
      ...getServerAttributes(url),
      ...(job !== undefined && { [ATTRIBUTES.destination]: job }),
      ...(count !== undefined && { [ATTRIBUTES.count]: count }),
      ...(room !== undefined && { [ATTRIBUTES.room]: room }),
    },
  };
};

/** The context key that marks a submit that already has a span. */
const IN_SUBMIT = createContextKey("joblib: submit span");

/** Runs work in its own span, and records its failure. `work` receives the span and its context. */
const traceWork = <Value>(
  tracer: Tracer,
  { name, ...options }: SpanOptions & { readonly name: string },
  parent: Context,
  work: (span: Span, spanContext: Context) => Promise<Value>,
): Promise<Value> => {
  const span = tracer.startSpan(name, options, parent);
  return runInSpan(span, parent, { fail: recordFailure, work: (spanContext) => work(span, spanContext) });
};

/**
 * Runs the submit of one task in its own span, even if it is sent in a batch. `work` receives
 * the span's trace context.
 */
export const traceSubmit = <Submitted extends { readonly id: string }>(
  call: Pick<TracedCall, "url" | "params">,
  work: (trace: TraceContext | undefined) => Promise<Submitted>,
): Promise<Submitted> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(undefined);
  const parent = context.active().setValue(IN_SUBMIT, true);
  return traceWork(tracer, describeSubmitSpan(call), parent, async (span, spanContext) => {
    const task = await work(getTraceContext(spanContext));
    span.setAttribute(ATTRIBUTES.taskId, task.id);
    return task;
  });
};

/** Runs a call. A submit gets its own span. `work` receives the headers that propagate the trace context. */
export const traceCall = <Response extends { readonly body: unknown }>(
  call: TracedCall,
  work: (headers: Headers) => Promise<Response>,
): Promise<Response> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work({});
  const parent = context.active();
  const isSubmit = call.name === "submitTask" || call.name === "submitTasks";
  if (!isSubmit || parent.getValue(IN_SUBMIT) === true) return work(getTraceHeaders(parent));
  return traceWork(tracer, describeSubmitSpan(call), parent, async (span, spanContext) => {
    const response = await work(getTraceHeaders(spanContext));
    const id = readString(response.body, "id");
    if (id !== undefined) span.setAttribute(ATTRIBUTES.taskId, id);
    return response;
  });
};

/** Waits for a task in its own span, which contains all its long polls and is linked to the task's submit. */
export const traceAwait = (
  { id, url }: { readonly id: string; readonly url: string },
  work: () => Promise<Task>,
): Promise<Task> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work();
  const attributes = {
    [ATTRIBUTES.system]: SYSTEM,
    [ATTRIBUTES.operation]: SPANS.await,
    [ATTRIBUTES.taskId]: id,
    ...getServerAttributes(url),
  };
  const description = { name: SPANS.await, kind: SpanKind.CLIENT, attributes };
  return traceWork(tracer, description, context.active(), async (span) => {
    const task = await work();
    span.setAttribute(ATTRIBUTES.status, task.status).addLinks(createLinks(task.trace_context));
    return task;
  });
};
