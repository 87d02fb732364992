import { type Attributes, type Context, context, createContextKey, SpanKind } from "@opentelemetry/api";
import type { OperationName, Task, TraceContext } from "../../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../../protocol/tracing/names.ts";
import {
  createLinks,
  getActiveTracer,
  getTraceContext,
  recordFailure,
  runInSpan,
} from "../../protocol/tracing/spans.ts";

/**
 * The parts of a call from which the attributes of its span are created. The span never contains
 * the payload.
 */
interface TracedCall {
  readonly name: OperationName;
  readonly url: string;
  readonly params?: unknown;
  readonly body?: unknown;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Returns a member of an object if it is a string. */
export const readString = (record: unknown, name: string): string | undefined => {
  const value = isRecord(record) ? record[name] : undefined;
  return typeof value === "string" ? value : undefined;
};

const getServerAttributes = (url: string): Attributes => {
  const { hostname, port, protocol } = new URL(url);
  const defaultPort = protocol === "https:" ? 443 : 80;
  return {
    [ATTRIBUTES.serverAddress]: hostname,
    [ATTRIBUTES.serverPort]: port === "" ? defaultPort : Number(port),
  };
};

/**
 * Returns the name and the options of the span for a submit. If the submitted tasks have different
 * jobs, the span names no job.
 */
const describeSubmitSpan = ({ url, params, body }: TracedCall) => {
  const tasks = isRecord(body) && Array.isArray(body["tasks"]) ? body["tasks"] : undefined;
  const [job, other] = new Set((tasks ?? [params]).map((task) => readString(task, "job_name")));
  const destination = other === undefined ? job : undefined;
  const room = readString(params, "room_id");
  return {
    kind: SpanKind.PRODUCER,
    name: destination === undefined ? SPANS.submit : `${SPANS.submit} ${destination}`,
    attributes: {
      [ATTRIBUTES.system]: SYSTEM,
      [ATTRIBUTES.operation]: SPANS.submit,
      [ATTRIBUTES.operationType]: "send",
      ...getServerAttributes(url),
      ...(destination !== undefined && { [ATTRIBUTES.destination]: destination }),
      ...(tasks !== undefined && { [ATTRIBUTES.count]: tasks.length }),
      ...(room !== undefined && { [ATTRIBUTES.room]: room }),
    },
  };
};

/** Returns the headers that propagate a trace context. */
export const getTraceHeaders = (trace: TraceContext | undefined): Record<string, string> => ({
  ...(trace && { traceparent: trace.traceparent }),
  ...(trace?.tracestate && { tracestate: trace.tracestate }),
});

/**
 * The key of an OpenTelemetry context in which a submit already has a span, so that no second span
 * is created.
 */
const IN_SUBMIT = createContextKey("joblib: submit span");

/**
 * Sends a call with `work`, which receives the trace context to propagate. If the call is a submit,
 * runs `work` in a new span, and records the id that `getTaskId` returns for the result.
 */
export const traceCall = <Value>(
  call: TracedCall,
  work: (trace: TraceContext | undefined) => Promise<Value>,
  getTaskId: (value: Value) => string | undefined,
): Promise<Value> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(undefined);
  const parent = context.active();
  const isSubmit = call.name === "submitTask" || call.name === "submitTasks";
  if (!isSubmit || parent.getValue(IN_SUBMIT) === true) return work(getTraceContext(parent));
  const submitContext = parent.setValue(IN_SUBMIT, true);
  const { name, ...options } = describeSubmitSpan(call);
  const span = tracer.startSpan(name, options, submitContext);
  const submit = async (spanContext: Context) => {
    const value = await work(getTraceContext(spanContext));
    const id = getTaskId(value);
    if (id !== undefined) span.setAttribute(ATTRIBUTES.taskId, id);
    return value;
  };
  return runInSpan(span, submitContext, { work: submit, fail: recordFailure });
};

/**
 * Runs `work`, which waits for a task, in a new span. The span covers all long polls, and has a
 * link to the span of the task's submit.
 */
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
  const parent = context.active();
  const span = tracer.startSpan(SPANS.await, { kind: SpanKind.CLIENT, attributes }, parent);
  const awaitTask = async () => {
    const task = await work();
    span.setAttribute(ATTRIBUTES.status, task.status).addLinks(createLinks(task.trace_context));
    return task;
  };
  return runInSpan(span, parent, { work: awaitTask, fail: recordFailure });
};
