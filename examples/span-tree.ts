import type { HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

const milliseconds = ([seconds, nanoseconds]: HrTime): number => seconds * 1000 + nanoseconds / 1e6;

const lineOf = (span: ReadableSpan, depth: number, from: number): string => {
  const name = `${"   ".repeat(depth)}${depth === 0 ? "" : "└─ "}${span.name}`;
  const began = `${(milliseconds(span.startTime) - from).toFixed(0)} ms`;
  const took = `${milliseconds(span.duration).toFixed(1)} ms`;
  const error = span.attributes["error.type"];
  const ending = error === undefined ? "" : `  ${String(error)}: ${span.status.message}`;
  return `${name.padEnd(50)}${began.padStart(9)}${took.padStart(11)}${ending}`;
};

/** The spans of the traces that begin with a root, each below its parent, with when it began and how long it took. */
export const renderTree = (spans: readonly ReadableSpan[]): string => {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const childrenOf = (id: string | undefined) =>
    spans
      .filter((span) => (id === undefined ? !ids.has(parentOf(span)) : parentOf(span) === id))
      .toSorted((one, other) => milliseconds(one.startTime) - milliseconds(other.startTime));
  const below = (id: string | undefined, depth: number, from?: number): string[] =>
    childrenOf(id).flatMap((span) => {
      const origin = from ?? milliseconds(span.startTime);
      return [lineOf(span, depth, origin), ...below(span.spanContext().spanId, depth + 1, origin)];
    });
  return below(undefined, 0).join("\n");
};

const parentOf = (span: ReadableSpan): string => span.parentSpanContext?.spanId ?? "";
