import {
  type Context,
  context,
  type Link,
  type ProxyTracerProvider,
  propagation,
  type Span,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { readTraceContext, type TraceContext } from "../trace-context.ts";
import { ATTRIBUTES, SYSTEM } from "./names.ts";

const isProxy = (provider: TracerProvider): provider is ProxyTracerProvider =>
  "getDelegateTracer" in provider;

/** The tracer of whoever registered a provider; undefined where nobody did: then no span, link or attribute is made. */
export const activeTracer = (): Tracer | undefined => {
  const provider = trace.getTracerProvider();
  return isProxy(provider) ? provider.getDelegateTracer(SYSTEM) : provider.getTracer(SYSTEM);
};

/** Where a context stands, as it is sent; undefined where it stands in no trace. Baggage goes to no stranger. */
export const traceContextOf = (of: Context): TraceContext | undefined => {
  const carrier: Record<string, string> = {};
  propagation.inject(of, carrier);
  return readTraceContext(carrier["traceparent"], carrier["tracestate"]);
};

/** A link to where a task was submitted. */
export const linksTo = (given: TraceContext | undefined): Link[] => {
  const spanContext = given && trace.getSpanContext(propagation.extract(context.active(), given));
  return spanContext === undefined ? [] : [{ context: spanContext }];
};

/** Runs work with the span active, and ends the span with it; what it throws is for `fail` to record. */
export const inSpan = async <Value>(
  span: Span,
  parent: Context,
  { work, fail }: { work: (own: Context) => Promise<Value>; fail: (span: Span, error: unknown) => void },
): Promise<Value> => {
  const own = trace.setSpan(parent, span);
  try {
    return await context.with(own, () => work(own));
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
};

/** The span's work failed: its status, the exception, and `error.type`, the error's name where none is given. */
export const recordFailure = (span: Span, error: unknown, type?: string): void => {
  const known = error instanceof Error ? error : new Error(String(error));
  span.recordException(known);
  span.setStatus({ code: SpanStatusCode.ERROR, message: known.message });
  span.setAttribute(ATTRIBUTES.errorType, type ?? (error instanceof Error ? error.name : "_OTHER"));
};
