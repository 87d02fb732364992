import {
  type MinimalSubmittedTasks,
  type ProblemDocument,
  readTraceContext,
  type SubmitBatch,
  type SubmittedTask,
  type TraceContext,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { publishEvents } from "./events.ts";
import { submitTask } from "./submit-task.ts";

/** What became of one of the submits. */
export type SubmitBatchResult = { readonly task: SubmittedTask } | { readonly problem: ProblemDocument };

/** One request's submits. */
export interface SubmitBatchInput {
  readonly roomId: string;
  readonly submits: SubmitBatch["submits"];
  /** Of those that say nothing of their own. */
  readonly traceContext?: TraceContext | undefined;
  readonly describe: (error: unknown) => ProblemDocument;
}

/** Submits tasks each by itself; they come at once, and so share a statement. */
export const submitBatch = (
  context: Context,
  caller: Caller,
  { roomId, submits, traceContext: common, describe }: SubmitBatchInput,
): Promise<SubmitBatchResult[]> =>
  Promise.all(
    submits.map(async ({ job_name: jobName, idempotency_key: idempotencyKey, trace_context, ...options }) => {
      try {
        const own = trace_context && readTraceContext(trace_context.traceparent, trace_context.tracestate);
        const traceContext = own ?? common;
        const wanted = { roomId, jobName, options, idempotencyKey, traceContext };
        const outcome = await submitTask(context, caller, wanted);
        const [task] = publishEvents(context, outcome).tasks;
        if (task === undefined) throw new Error("a submit came to no task");
        return { task };
      } catch (error) {
        return { problem: describe(error) };
      }
    }),
  );

/** Results of which the first task tells for all that are like it. */
export interface MinimalBatchResults {
  readonly common: MinimalSubmittedTasks["common"] | null;
  readonly results: ({ readonly id: string } | SubmitBatchResult)[];
}

/** What two tasks that were just submitted may differ in, beside their ids and payloads. */
const DIFFERENT = [
  "job_name",
  "status",
  "priority",
  "attempt",
  "max_attempts",
  "timeout_seconds",
  "run_at",
  "created_at",
  "workers_online",
] as const satisfies readonly (keyof SubmittedTask)[];

const isAlike = (one: SubmittedTask, other: SubmittedTask): boolean =>
  one.backoff === other.backoff &&
  one.trace_context?.traceparent === other.trace_context?.traceparent &&
  one.trace_context?.tracestate === other.trace_context?.tracestate &&
  DIFFERENT.every((key) => one[key] === other[key]);

/** Leaves out of each task what the first of them tells already, and what its sender knows. */
export const toMinimalResults = (results: readonly SubmitBatchResult[]): MinimalBatchResults => {
  const first = results.find((one) => "task" in one);
  // One that was there before has a history of its own.
  if (first === undefined || first.task.status !== "pending") return { common: null, results: [...results] };
  const { id: _, payload: __, ...common } = first.task;
  return {
    common,
    results: results.map((one) =>
      "task" in one && isAlike(one.task, first.task) ? { id: one.task.id } : one,
    ),
  };
};
