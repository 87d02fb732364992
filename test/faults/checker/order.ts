import { type Check, getStepsByTask, selectOperations, toHistoryTime, type Violation } from "./evidence.ts";

interface FirstClaim {
  readonly task: string;
  readonly queue: string;
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
 * Invariant I12: a task is claimed before every task of the same job and priority that was
 * submitted after the task's acknowledgement.
 */
export const checkOrder: Check = (evidence) => {
  if (evidence.expectations.ordered !== true) return [];
  const steps = getStepsByTask(evidence);
  const claims = selectOperations(evidence, ["submit"]).flatMap(({ output, begin, end }): FirstClaim[] => {
    const task = output.tasks?.[0]?.id ?? "";
    const first = steps.get(task)?.find(({ from_status: from }) => from === "pending");
    if (first === undefined || first.to_status === "cancelled") return [];
    const queue = `${first.job_id} ${first.priority}`;
    return [{ task, queue, begin, end, claimed: toHistoryTime(evidence, first) }];
  });
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
