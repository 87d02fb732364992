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

/** What this process has traced since `startTracing`. */
export interface SpanRecorder {
  /** Ended spans, in the order of their ends. */
  readonly spans: ReadableSpan[];
  /** The only span of that name. */
  only(name: string): ReadableSpan;
}

/** Registers a provider that keeps spans in memory, until the test is over. */
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
        throw new Error(`${found.length} spans are called ${name}, of ${JSON.stringify(names)}`);
      }
      return span;
    },
  };
};

/** Runs work in a span of the test's own. */
export const runInSpan = <Value>(name: string, work: () => Promise<Value>): Promise<Value> =>
  trace.getTracer("test").startActiveSpan(name, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });

/** A span's id, and that of the trace and of the parent that it has. */
export const getSpanIds = (span: ReadableSpan) => ({
  trace: span.spanContext().traceId,
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId,
});

/** Of a span's links, the ids of the spans that they lead to. */
export const getLinkedSpanIds = (span: ReadableSpan): string[] =>
  span.links.map(({ context: to }) => to.spanId);
