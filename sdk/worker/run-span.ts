import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
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

/**
 * Runs one attempt in a new span. If the task has a trace context, the span's parent is the span of
 * the submit, and the span has a link to the active span. If the task has none, the parent is the
 * active span. The span ends when the outcome of the task is known, which may be before `run`
 * returns if the task is interrupted.
 */
export const traceRun = (task: Task, outcome: Promise<TaskOutcome>, run: () => void): void => {
  const tracer = getActiveTracer();
  if (tracer === undefined) {
    run();
    return;
  }
  const links = createLinks(task.trace_context);
  const activeSpan = trace.getSpanContext(context.active());
  if (links.length > 0 && activeSpan !== undefined) links.push({ context: activeSpan });
  const parent = propagation.extract(context.active(), task.trace_context ?? {});
  const options = { kind: SpanKind.CONSUMER, attributes: getAttributes(task), links };
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
