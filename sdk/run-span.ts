import { context, type Link, propagation, SpanKind, trace } from "@opentelemetry/api";
import type { Task } from "../protocol/index.ts";
import { ATTRIBUTES, SPANS, SYSTEM } from "../protocol/tracing/names.ts";
import { createLinks, getActiveTracer, recordFailure, runInSpan } from "../protocol/tracing/spans.ts";
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

/** The span that was active around the run: kept as a link where the run belongs to its submitter's trace. */
const getAmbientLinks = (): Link[] => {
  const ambient = trace.getSpanContext(context.active());
  return ambient === undefined ? [] : [{ context: ambient }];
};

/**
 * Runs one attempt in a span of its own: the child of the submit, in whichever process that was, and the parent of what
 * the handler traces. It ends with the outcome, which an interruption brings before `run` is back.
 */
export const traceRun = (task: Task, outcome: Promise<TaskOutcome>, run: () => void): void => {
  const tracer = getActiveTracer();
  if (tracer === undefined) {
    run();
    return;
  }
  const submitted = createLinks(task.trace_context);
  const parent =
    task.trace_context === undefined
      ? context.active()
      : propagation.extract(context.active(), task.trace_context);
  const options = {
    kind: SpanKind.CONSUMER,
    attributes: getAttributes(task),
    links: submitted.length === 0 ? [] : [...submitted, ...getAmbientLinks()],
  };
  const span = tracer.startSpan(`${SPANS.run} ${task.job_name}`, options, parent);
  const work = async () => {
    run();
    const ended = await outcome;
    span.setAttribute(ATTRIBUTES.outcome, ended.status);
    if ("task" in ended) span.setAttribute(ATTRIBUTES.status, ended.task.status);
    if (ended.status === "failed") recordFailure(span, ended.cause);
  };
  void runInSpan(span, parent, { work, fail: recordFailure });
};
