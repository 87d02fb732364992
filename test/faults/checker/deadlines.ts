import {
  type Check,
  getStepsByTask,
  selectOperations,
  TERMINAL,
  toHistoryTime,
  type Violation,
} from "./evidence.ts";
import { findLeases } from "./lease-spans.ts";

/** Invariant I7: the leases of a dead worker end within the time that the case allows. */
export const checkRequeues: Check = (evidence) => {
  if (!evidence.audited) return [];
  const leases = Map.groupBy(findLeases(evidence), ({ worker }) => worker);
  return evidence.history.notes.flatMap(({ note, worker = "", within = 0, t }) => {
    if (note !== "gone") return [];
    return (leases.get(worker) ?? [])
      .filter(({ from, until }) => from <= t && until > t + within)
      .map(({ task, until }) => {
        const delay = `${Math.round(until - t)} ms, but the maximum is ${within} ms`;
        return {
          invariant: "I7",
          message: `task ${task} of the dead worker ${worker} stayed leased for ${delay}`,
        };
      });
  });
};

/** Tolerated inaccuracy of the time at which a wait ends. */
const TOLERANCE_MS = 50;

/**
 * Invariant I8: a client that waits for a task is notified within the time that the case allows, and
 * no wait ends too early.
 */
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
    const delayMs = end - Math.max(begin, ends.get(task) ?? Number.POSITIVE_INFINITY);
    if (delayMs > maxDelayMs)
      report(
        `a client was notified of the end of task ${task} after ${Math.round(delayMs)} ms, but the maximum is ${maxDelayMs} ms`,
      );
    const isOpen = outcome === "ok" && !TERMINAL.includes(output.tasks?.[0]?.status ?? "");
    if (isOpen && end - begin < wait * 1000 - TOLERANCE_MS) {
      report(`a wait of ${wait} s for task ${task} ended too early`);
    }
  }
  return violations;
};
