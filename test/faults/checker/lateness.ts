import { type Check, operationsOf, stepsByTask, TERMINAL, timeOf, type Violation } from "./evidence.ts";
import { holdsOf } from "./holds-of.ts";

/** I7: what a worker held that is gone is let go of in time. */
export const reoffered: Check = (evidence) => {
  if (!evidence.audited) return [];
  const holds = Map.groupBy(holdsOf(evidence), ({ worker }) => worker);
  return evidence.history.notes.flatMap(({ note, worker = "", within = 0, t }) => {
    if (note !== "gone") return [];
    return (holds.get(worker) ?? [])
      .filter(({ from, until }) => from <= t && until > t + within)
      .map(({ task, until }) => {
        const more = `${Math.round(until - t)} ms more, not ${within}`;
        return { invariant: "I7", message: `task ${task} of the gone worker ${worker} was held for ${more}` };
      });
  });
};

const SLACK_MS = 50;

/** I8: who waits for an end is told in time, and a wait ends when it was to end. */
export const wokenInTime: Check = (evidence) => {
  const ends = new Map<string, number>();
  for (const [task, steps] of stepsByTask(evidence)) {
    const last = steps.findLast(({ to_status: to }) => to !== null && TERMINAL.includes(to));
    if (last !== undefined) ends.set(task, timeOf(evidence, last));
  }
  const violations: Violation[] = [];
  const broken = (message: string) => violations.push({ invariant: "I8", message });
  for (const span of operationsOf(evidence, ["await"], ["ok", "unknown"])) {
    const { asked, answered, outcome, begin, end } = span;
    const { task = "", wait = 0, bar } = asked;
    if (bar === undefined) continue;
    const late = end - Math.max(begin, ends.get(task) ?? Number.POSITIVE_INFINITY);
    if (late > bar) broken(`the end of task ${task} was told ${Math.round(late)} ms late, not ${bar}`);
    const isOpen = outcome === "ok" && !TERMINAL.includes(answered.tasks?.[0]?.status ?? "");
    if (isOpen && end - begin < wait * 1000 - SLACK_MS) {
      broken(`a wait of ${wait} s for task ${task} ended before its time`);
    }
  }
  return violations;
};
