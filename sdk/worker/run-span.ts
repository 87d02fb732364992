import { context, type Link, propagation, SpanKind, trace } from "@opentelemetry/api";
import type { Task } from "../../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../../protocol/tracing/names.ts";
import { createLinks, getActiveTracer, recordFailure, runInSpan } from "../../protocol/tracing/spans.ts";
import type { TaskOutcome } from "./task-outcome.ts";

const getAttributes = (task: Task) => ({
  [ATTRIBUTES.system]: SYSTEM,
  [ATTRIBUTES.operation]: SPANS.run,
  [ATTRIBUTES.operationType]: "process",
  [ATTRIBUTES.destination]: task.job_name,
  [ATTRIBUTES.taskId]: task.id,
  ...(task.worker_id !== null && { [ATTRIBUTES.workerId]: task.worker_id }),
  [ATTRIBUTES.room]: task.room_id,
  [ATTRIBUTES.attempt]: task.attempt,
  [ATTRIBUTES.maxAttempts]: task.max_attempts,
});

/** Returns a link to the active span. It is not the parent of the run: the parent is the span of the submit. */
const getActiveSpanLinks = (): Link[] => {
  const active = trace.getSpanContext(context.active());
  return active === undefined ? [] : [{ context: active }];
};

/**
 * Runs one attempt in its own span. The span is a child of the submit's span, which may be from another process,
 * and the parent of the extension's spans. It ends when the outcome is known, which is before `run` returns if
 * the task is interrupted.
 */
export const traceRun = (task: Task, outcome: Promise<TaskOutcome>, run: () => void): void => {
  const tracer = getActiveTracer();
  if (tracer === undefined) {
    run();
    return;
  }
  const submitLinks = createLinks(task.trace_context);
  const parent =
    task.trace_context === undefined
      ? context.active()
      : propagation.extract(context.active(), task.trace_context);
  const options = {
    kind: SpanKind.CONSUMER,
    attributes: getAttributes(task),
    links: submitLinks.length === 0 ? [] : [...submitLinks, ...getActiveSpanLinks()],
  };
  const span = tracer.startSpan(`${SPANS.run} ${task.job_name}`, options, parent);
  const work = async () => {
    run();
    const result = await outcome;
    span.setAttribute(ATTRIBUTES.outcome, result.status);
    if ("task" in result) span.setAttribute(ATTRIBUTES.status, result.task.status);
    if (result.status === "failed") recordFailure(span, result.cause);
  };
  void runInSpan(span, parent, { work, fail: recordFailure });
};
