import {
  type Check,
  getStepsByTask,
  selectOperations,
  TERMINAL,
  toHistoryTime,
  type Violation,
} from "./evidence.ts";
import { findLeases } from "./lease-spans.ts";

/** Invariant I7: the leases of a dead worker end in time. */
export const checkRequeues: Check = (evidence) => {
  if (!evidence.audited) return [];
  const leases = Map.groupBy(findLeases(evidence), ({ worker }) => worker);
  return evidence.history.notes.flatMap(({ note, worker = "", within = 0, t }) => {
    if (note !== "gone") return [];
    return (leases.get(worker) ?? [])
      .filter(({ from, until }) => from <= t && until > t + within)
      .map(({ task, until }) => {
        const delay = `${Math.round(until - t)} ms after that, not ${within}`;
        return {
          invariant: "I7",
          message: `task ${task} of the lost worker ${worker} stayed leased for ${delay}`,
        };
      });
  });
};

const SLACK_MS = 50;

/** Invariant I8: a client that waits for a task is notified in time, and no wait ends too early. */
export const checkWakeUps: Check = (evidence) => {
  const ends = new Map<string, number>();
  for (const [task, steps] of getStepsByTask(evidence)) {
    const last = steps.findLast(({ to_status: to }) => to !== null && TERMINAL.includes(to));
    if (last !== undefined) ends.set(task, toHistoryTime(evidence, last));
  }
  const violations: Violation[] = [];
  const report = (message: string) => violations.push({ invariant: "I8", message });
  for (const span of selectOperations(evidence, ["await"], ["ok", "unknown"])) {
    const { input, output, outcome, begin, end } = span;
    const { task = "", wait = 0, maxDelayMs } = input;
    if (maxDelayMs === undefined) continue;
    const late = end - Math.max(begin, ends.get(task) ?? Number.POSITIVE_INFINITY);
    if (late > maxDelayMs)
      report(`the end of task ${task} was reported ${Math.round(late)} ms late, not ${maxDelayMs}`);
    const isOpen = outcome === "ok" && !TERMINAL.includes(output.tasks?.[0]?.status ?? "");
    if (isOpen && end - begin < wait * 1000 - SLACK_MS) {
      report(`a wait of ${wait} s for task ${task} ended early`);
    }
  }
  return violations;
};
