import type { HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

const toMilliseconds = ([seconds, nanoseconds]: HrTime): number => seconds * 1000 + nanoseconds / 1e6;

const formatLine = (span: ReadableSpan, depth: number, from: number): string => {
  const name = `${"   ".repeat(depth)}${depth === 0 ? "" : "└─ "}${span.name}`;
  const began = `${(toMilliseconds(span.startTime) - from).toFixed(0)} ms`;
  const took = `${toMilliseconds(span.duration).toFixed(1)} ms`;
  const error = span.attributes["error.type"];
  const ending = error === undefined ? "" : `  ${String(error)}: ${span.status.message}`;
  return `${name.padEnd(50)}${began.padStart(9)}${took.padStart(11)}${ending}`;
};

/**
 * Formats spans as trees, in which each span is below its parent. Each line contains the span's
 * start, relative to the root span, and its duration.
 */
export const renderTree = (spans: readonly ReadableSpan[]): string => {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const findChildren = (id: string | undefined) =>
    spans
      .filter((span) => (id === undefined ? !ids.has(getParentId(span)) : getParentId(span) === id))
      .toSorted((one, other) => toMilliseconds(one.startTime) - toMilliseconds(other.startTime));
  const renderChildren = (id: string | undefined, depth: number, from?: number): string[] =>
    findChildren(id).flatMap((span) => {
      const origin = from ?? toMilliseconds(span.startTime);
      return [
        formatLine(span, depth, origin),
        ...renderChildren(span.spanContext().spanId, depth + 1, origin),
      ];
    });
  return renderChildren(undefined, 0).join("\n");
};

const getParentId = (span: ReadableSpan): string => span.parentSpanContext?.spanId ?? "";
