import type { OperationSpan } from "../history/history.ts";
import { type Check, getStepsByTask, selectOperations, toHistoryTime, type Violation } from "./evidence.ts";
import { isLeased } from "./lease-spans.ts";

interface FirstClaim {
  readonly task: string;
  readonly queue: string;
  /** When the first request that may have created the task began. */
  readonly begin: number;
  readonly end: number;
  readonly claimed: number;
}

/**
 * Minimum distance in time at which the order of two claims is checked. Claims that are closer
 * together may share a statement, or may overtake each other on a busy machine.
 */
const MIN_DISTANCE_MS = 250;

/**
 * Returns when the first request of each submit began, by token. If the response to that request
 * was lost, the request may have created the task, and the repetition only returned it. Requests
 * that failed created no task.
 */
const getFirstBegins = (submits: readonly OperationSpan[]): ReadonlyMap<string, number> => {
  const begins = new Map<string, number>();
  for (const { input, begin } of submits) {
    const token = input.token ?? "";
    begins.set(token, Math.min(begin, begins.get(token) ?? begin));
  }
  return begins;
};

/**
 * Invariant I12: a task is claimed before every task of the same job and priority that was
 * submitted after the task's acknowledgement. The insert of a directly assigned task is its first
 * claim.
 */
export const checkOrder: Check = (evidence) => {
  if (evidence.expectations.ordered !== true) return [];
  const steps = getStepsByTask(evidence);
  const begins = getFirstBegins(selectOperations(evidence, ["submit"], ["ok", "unknown"]));
  const claims = selectOperations(evidence, ["submit"]).flatMap(
    ({ input, output, end, ...span }): FirstClaim[] => {
      const task = output.tasks?.[0]?.id ?? "";
      const begin = begins.get(input.token ?? "") ?? span.begin;
      const first = steps.get(task)?.find(({ to_status: to }) => to !== "pending");
      if (first === undefined || !isLeased(first.to_status)) return [];
      const queue = `${first.job_id} ${first.priority}`;
      return [{ task, queue, begin, end, claimed: toHistoryTime(evidence, first) }];
    },
  );
  const violations: Violation[] = [];
  for (const queue of Map.groupBy(claims, (claim) => claim.queue).values()) {
    let latest: FirstClaim | undefined;
    for (const claim of queue.toSorted((a, b) => a.end - b.end)) {
      const isAfter = latest !== undefined && latest.end < claim.begin;
      if (latest !== undefined && isAfter && claim.claimed + MIN_DISTANCE_MS < latest.claimed) {
        const message = `task ${claim.task} was submitted after task ${latest.task}, but claimed before that task`;
        violations.push({ invariant: "I12", message });
      }
      if (latest === undefined || claim.claimed > latest.claimed) latest = claim;
    }
  }
  return violations;
};
