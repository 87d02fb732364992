import {
  type ProblemDocument,
  readTraceContext,
  type SubmitBatch,
  type TraceContext,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { type CommonMembers, hasSameValues, type SubmittedWireTask } from "../../storage/task-columns.ts";
import { publishEvents } from "../events.ts";
import { submitTask } from "./submit-task.ts";

/** The result of one submission of a batch. */
export type SubmitBatchResult = { readonly task: SubmittedWireTask } | { readonly problem: ProblemDocument };

/** A batch of independent submissions in one request. */
export interface SubmitBatchInput {
  readonly roomId: string;
  readonly submissions: SubmitBatch["submissions"];
  /** Applies to submissions without a trace context. */
  readonly traceContext?: TraceContext | undefined;
  readonly toProblem: (error: unknown) => ProblemDocument;
}

/**
 * Submits the tasks of a batch independently: each one succeeds or fails on its own, unlike in `submitTasks`.
 * They are submitted concurrently, so that the storage combines them into one statement.
 */
export const submitBatch = (
  context: Context,
  caller: Caller,
  { roomId, submissions, traceContext: defaultTraceContext, toProblem }: SubmitBatchInput,
): Promise<SubmitBatchResult[]> =>
  Promise.all(
    submissions.map(
      async ({ job_name: jobName, idempotency_key: idempotencyKey, trace_context, ...options }) => {
        try {
          const own = trace_context && readTraceContext(trace_context.traceparent, trace_context.tracestate);
          const traceContext = own ?? defaultTraceContext;
          const input = { roomId, jobName, options, idempotencyKey, traceContext };
          const result = await submitTask(context, caller, input);
          const [task] = publishEvents(context, result).tasks;
          if (task === undefined) throw new Error("the submit returned no task");
          return { task };
        } catch (error) {
          return { problem: toProblem(error) };
        }
      },
    ),
  );

/** The minimal response of a batch. Fields that all tasks share are in `common`. */
export interface MinimalBatchResults {
  readonly common: CommonMembers | null;
  readonly results: ({ readonly id: string } | SubmitBatchResult)[];
}

/** Reduces tasks that share all fields with the first one to their ids. The client knows the payloads. */
export const toMinimalResults = (results: readonly SubmitBatchResult[]): MinimalBatchResults => {
  const first = results.find((one) => "task" in one);
  // The task of a replayed submission may have any status, so it shares no fields with new tasks.
  if (first === undefined || first.task.status !== "pending") return { common: null, results: [...results] };
  const { id: _, payload: __, ...common } = first.task;
  return {
    common,
    results: results.map((one) =>
      "task" in one && hasSameValues(one.task, first.task) ? { id: one.task.id } : one,
    ),
  };
};
