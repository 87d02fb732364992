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
import { ATTRIBUTES, SYSTEM } from "./names.ts";
import { readTraceContext, type TraceContext } from "./trace-context.ts";

function isProxy(provider: TracerProvider): provider is ProxyTracerProvider {
  return "getDelegateTracer" in provider;
}

/**
 * Returns the tracer of the registered OpenTelemetry provider. Returns undefined if no provider is
 * registered, so that callers create no spans.
 */
export function getActiveTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return isProxy(provider) ? provider.getDelegateTracer(SYSTEM) : provider.getTracer(SYSTEM);
}

/**
 * Returns the W3C trace context in an OpenTelemetry context, or undefined outside a trace. Omits
 * baggage, because the worker that receives the trace context may belong to another user.
 */
export function getTraceContext(current: Context): TraceContext | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(current, carrier);
  return readTraceContext(carrier["traceparent"], carrier["tracestate"]);
}

/** Returns a link to the span that submitted a task. */
export function createLinks(origin: TraceContext | undefined): Link[] {
  const spanContext = origin && trace.getSpanContext(propagation.extract(context.active(), origin));
  return spanContext === undefined ? [] : [{ context: spanContext }];
}

/**
 * Runs work while the span is active, and ends the span afterwards. If the work throws an error,
 * calls `fail` with this error and rethrows it.
 */
export async function runInSpan<Value>(
  span: Span,
  parent: Context,
  { work, fail }: { work: (own: Context) => Promise<Value>; fail: (span: Span, error: unknown) => void },
): Promise<Value> {
  const own = trace.setSpan(parent, span);
  try {
    return await context.with(own, () => work(own));
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Records a failure on a span: status, exception and `error.type` (by default the error's name).
 */
export function recordFailure(span: Span, error: unknown, type?: string): void {
  const exception = error instanceof Error ? error : new Error(String(error));
  span.recordException(exception);
  span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
  span.setAttribute(ATTRIBUTES.errorType, type ?? (error instanceof Error ? error.name : "_OTHER"));
}
