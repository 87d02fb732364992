import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { onTestFinished } from "vitest";

/** The spans that have ended in this process since `startTracing`. */
export interface SpanRecorder {
  /** All spans, in the order in which they ended. */
  readonly spans: ReadableSpan[];
  /** Returns the span with this name. Throws if there is no such span, or more than one. */
  only(name: string): ReadableSpan;
}

/** Registers a tracer provider that records spans in memory. It is removed after the test. */
export const startTracing = (): SpanRecorder => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  onTestFinished(async () => {
    await provider.shutdown();
    for (const api of [trace, context, propagation]) api.disable();
  });
  return {
    get spans() {
      return exporter.getFinishedSpans();
    },
    only(name) {
      const found = exporter.getFinishedSpans().filter((span) => span.name === name);
      const [span] = found;
      if (span === undefined || found.length > 1) {
        const names = exporter.getFinishedSpans().map((one) => one.name);
        throw new Error(
          `${found.length} spans have the name ${name}; the names are ${JSON.stringify(names)}`,
        );
      }
      return span;
    },
  };
};

/** Runs `work` in a new span. */
export const runInSpan = <Value>(name: string, work: () => Promise<Value>): Promise<Value> =>
  trace.getTracer("test").startActiveSpan(name, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });

/** Returns the ids of a span, its trace and its parent. */
export const getSpanIds = (span: ReadableSpan) => ({
  trace: span.spanContext().traceId,
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId,
});

/** Returns the ids of the spans to which a span is linked. */
export const getLinkedSpanIds = (span: ReadableSpan): string[] =>
  span.links.map(({ context: to }) => to.spanId);
