import {
  type Check,
  getRetriedTasks,
  getStepsByTask,
  selectOperations,
  TERMINAL,
  type Violation,
} from "./evidence.ts";

/**
 * The allowed status changes. Retries and deletions are not included, because they are checked
 * separately.
 */
const TRANSITIONS: Readonly<Record<string, readonly string[]>> = {
  pending: ["claimed", "running", "cancelled"],
  claimed: ["running", "failed", "cancelled", "pending"],
  running: ["completed", "failed", "cancelled", "pending"],
};

/**
 * Invariant I5: only the status changes of the state machine happen, and a finished task keeps its
 * status unless a user retries it.
 */
export const checkTransitions: Check = (evidence) => {
  const { deletes = false, restored = false } = evidence.expectations;
  if (restored) return [];
  const retried = getRetriedTasks(evidence);
  const violations: Violation[] = [];
  for (const [task, steps] of getStepsByTask(evidence)) {
    for (const { from_status: from, to_status: to } of steps) {
      if (from === null) continue;
      const isRetry = to === "pending" && (from === "failed" || from === "cancelled") && retried.has(task);
      const isDeletion = to === null && deletes && TERMINAL.includes(from);
      const isStep = to !== null && TRANSITIONS[from]?.includes(to) === true;
      if (isStep || isRetry || isDeletion) continue;
      violations.push({
        invariant: "I5",
        message: `task ${task} changed from ${from} to ${to ?? "deleted"}`,
      });
    }
  }
  return [...violations, ...findChangedReads(evidence)];
};

/**
 * Finds tasks whose terminal status changed between two reads, although the task was not retried.
 */
const findChangedReads: Check = (evidence) => {
  const retried = getRetriedTasks(evidence);
  const seen = new Map<string, { status: string; end: number }>();
  const violations: Violation[] = [];
  for (const { output, begin, end } of selectOperations(evidence, ["read", "await"])) {
    for (const { id, status } of output.tasks ?? []) {
      if (retried.has(id)) continue;
      const before = seen.get(id);
      if (before !== undefined && before.end < begin && before.status !== status) {
        const message = `a client read task ${id} as ${before.status}, and later as ${status}`;
        violations.push({ invariant: "I5", message });
      }
      const isFirst = before === undefined || end < before.end;
      if (TERMINAL.includes(status) && isFirst) seen.set(id, { status, end });
    }
  }
  return violations;
};

/** Invariant I6: a task finishes once, and once more after each retry. */
export const checkSingleEnd: Check = (evidence) => {
  if (evidence.expectations.restored === true) return [];
  const violations: Violation[] = [];
  for (const [task, steps] of getStepsByTask(evidence)) {
    let ends = 0;
    for (const { from_status: from, to_status: to } of steps) {
      if (from !== null && TERMINAL.includes(from) && to === "pending") ends = 0;
      if (to !== null && TERMINAL.includes(to)) ends += 1;
      if (ends > 1) violations.push({ invariant: "I6", message: `task ${task} finished ${ends} times` });
    }
  }
  return violations;
};

/** Invariant I9: a task is cancelled if its cancel was acknowledged. */
export const checkCancels: Check = (evidence) => {
  const retried = getRetriedTasks(evidence);
  const rows = new Map(evidence.tables.tasks.map((row) => [row.id, row]));
  return selectOperations(evidence, ["cancel"]).flatMap(({ input: { task = "" } }) => {
    const status = rows.get(task)?.status;
    if (status === undefined || status === "cancelled" || retried.has(task)) return [];
    return [
      {
        invariant: "I9",
        message: `the cancel of task ${task} was acknowledged, but the task ended as ${status}`,
      },
    ];
  });
};
