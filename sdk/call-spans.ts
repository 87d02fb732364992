import { type Attributes, type Context, context, createContextKey, SpanKind } from "@opentelemetry/api";
import type { OperationName, Task, TraceContext } from "../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../protocol/tracing/names.ts";
import {
  createLinks,
  getActiveTracer,
  getTraceContext,
  recordFailure,
  runInSpan,
} from "../protocol/tracing/spans.ts";

/** A call, as a span tells of it: never its payload. */
export interface TracedCall {
  readonly name: OperationName;
  readonly url: string;
  readonly params?: unknown;
  readonly body?: unknown;
}

type Headers = Readonly<Record<string, string>>;

const NONE: Headers = {};

const headersOf = (of: Context): Headers => {
  const { traceparent, tracestate } = getTraceContext(of) ?? {};
  if (traceparent === undefined) return NONE;
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const text = (of: unknown, name: string): string | undefined => {
  const value = isRecord(of) ? of[name] : undefined;
  return typeof value === "string" ? value : undefined;
};

/** Where all of them go to the same job, that is said. */
const getDestination = ({ params, body }: TracedCall): { job: string | undefined; count?: number } => {
  const tasks = isRecord(body) ? body["tasks"] : undefined;
  if (!Array.isArray(tasks)) return { job: text(params, "job_name") };
  const jobs = new Set(tasks.map((task) => text(task, "job_name")));
  return { job: jobs.size === 1 ? [...jobs][0] : undefined, count: tasks.length };
};

const getServerAttributes = (url: string): Attributes => {
  const { hostname, port, protocol } = new URL(url);
  const usual = protocol === "https:" ? 443 : 80;
  return {
    [ATTRIBUTES.serverAddress]: hostname,
    [ATTRIBUTES.serverPort]: port === "" ? usual : Number(port),
  };
};

const describeSubmitSpan = (call: TracedCall): { name: string; attributes: Attributes } => {
  const { job, count } = getDestination(call);
  const room = text(call.params, "room_id");
  return {
    name: job === undefined ? SPANS.submit : `${SPANS.submit} ${job}`,
    attributes: {
      [ATTRIBUTES.system]: SYSTEM,
      [ATTRIBUTES.operation]: SPANS.submit,
      [ATTRIBUTES.operationType]: "send",
      ...getServerAttributes(call.url),
      ...(job !== undefined && { [ATTRIBUTES.destination]: job }),
      ...(count !== undefined && { [ATTRIBUTES.count]: count }),
      ...(room !== undefined && { [ATTRIBUTES.room]: room }),
    },
  };
};

/** Set where a submit has its span already. */
const IN_SUBMIT = createContextKey("joblib: in a submit's span");

/** Submits a task in a span of its own, alone or with others; `work` is given where in the trace that stands. */
export const traceSubmit = <Submitted extends { readonly id: string }>(
  call: Pick<TracedCall, "url" | "params">,
  work: (trace: TraceContext | undefined) => Promise<Submitted>,
): Promise<Submitted> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(undefined);
  const parent = context.active().setValue(IN_SUBMIT, true);
  const { name, attributes } = describeSubmitSpan({ ...call, name: "submitTask" });
  const span = tracer.startSpan(name, { kind: SpanKind.PRODUCER, attributes }, parent);
  return runInSpan(span, parent, {
    fail: recordFailure,
    work: async (own) => {
      const task = await work(getTraceContext(own));
      span.setAttribute(ATTRIBUTES.taskId, task.id);
      return task;
    },
  });
};

/** Makes a call, a submit in a span of its own, and gives it the headers that carry the trace on. */
export const traceCall = <Answer extends { readonly body: unknown }>(
  call: TracedCall,
  work: (headers: Headers) => Promise<Answer>,
): Promise<Answer> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work(NONE);
  const parent = context.active();
  const isSubmit = call.name === "submitTask" || call.name === "submitTasks";
  if (!isSubmit || parent.getValue(IN_SUBMIT) === true) return work(headersOf(parent));
  const { name, attributes } = describeSubmitSpan(call);
  const span = tracer.startSpan(name, { kind: SpanKind.PRODUCER, attributes }, parent);
  return runInSpan(span, parent, {
    fail: recordFailure,
    work: async (own) => {
      const answer = await work(headersOf(own));
      const id = text(answer.body, "id");
      if (id !== undefined) span.setAttribute(ATTRIBUTES.taskId, id);
      return answer;
    },
  });
};

/** Waits for a task in a span of its own, which all of its long-polls belong to; linked to the task's submit. */
export const traceAwait = (
  { id, url }: { readonly id: string; readonly url: string },
  work: () => Promise<Task>,
): Promise<Task> => {
  const tracer = getActiveTracer();
  if (tracer === undefined) return work();
  const parent = context.active();
  const attributes = {
    [ATTRIBUTES.system]: SYSTEM,
    [ATTRIBUTES.operation]: SPANS.await,
    [ATTRIBUTES.taskId]: id,
    ...getServerAttributes(url),
  };
  const span = tracer.startSpan(SPANS.await, { kind: SpanKind.CLIENT, attributes }, parent);
  return runInSpan(span, parent, {
    fail: recordFailure,
    work: async () => {
      const task = await work();
      span.setAttribute(ATTRIBUTES.status, task.status).addLinks(createLinks(task.trace_context));
      return task;
    },
  });
};
