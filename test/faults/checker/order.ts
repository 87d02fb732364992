import { type Check, operationsOf, stepsByTask, timeOf, type Violation } from "./evidence.ts";

interface Offer {
  readonly task: string;
  readonly queue: string;
  readonly begin: number;
  readonly end: number;
  readonly offered: number;
}

/** Claims of one moment share a statement, or pass each other on a busy machine: so close together nothing is said about their order. */
const MOMENT_MS = 250;

/** I12: of two tasks of one job and priority, the one that was acknowledged before the other was submitted is offered first. */
export const firstInFirstOut: Check = (evidence) => {
  if (evidence.promises.ordered !== true) return [];
  const steps = stepsByTask(evidence);
  const offers = operationsOf(evidence, ["submit"]).flatMap(({ answered, begin, end }): Offer[] => {
    const task = answered.tasks?.[0]?.id ?? "";
    const first = steps.get(task)?.find(({ from_status: from }) => from === "pending");
    if (first === undefined || first.to_status === "cancelled") return [];
    const queue = `${first.job_id} ${first.priority}`;
    return [{ task, queue, begin, end, offered: timeOf(evidence, first) }];
  });
  const violations: Violation[] = [];
  for (const queue of Map.groupBy(offers, (offer) => offer.queue).values()) {
    let latest: Offer | undefined;
    for (const offer of queue.toSorted((a, b) => a.end - b.end)) {
      const isAfter = latest !== undefined && latest.end < offer.begin;
      if (latest !== undefined && isAfter && offer.offered + MOMENT_MS < latest.offered) {
        const message = `task ${offer.task} was submitted after ${latest.task}, and offered before it`;
        violations.push({ invariant: "I12", message });
      }
      if (latest === undefined || offer.offered > latest.offered) latest = offer;
    }
  }
  return violations;
};
