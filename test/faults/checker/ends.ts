import { type Check, operationsOf, retriedTasks, stepsByTask, TERMINAL, type Violation } from "./evidence.ts";

/** Where a task may go from where it stands; a retry and a deletion are judged apart. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  pending: ["claimed", "running", "cancelled"],
  claimed: ["running", "failed", "cancelled", "pending"],
  running: ["completed", "failed", "cancelled", "pending"],
};

/** I5: no step but those of the state machine; an end is the end, unless a person opens the task again. */
export const terminalIsFinal: Check = (evidence) => {
  const { deletes = false, restored = false } = evidence.promises;
  if (restored) return [];
  const again = retriedTasks(evidence);
  const violations: Violation[] = [];
  for (const [task, steps] of stepsByTask(evidence)) {
    for (const { from_status: from, to_status: to } of steps) {
      if (from === null) continue;
      const isRetry = to === "pending" && (from === "failed" || from === "cancelled") && again.has(task);
      const isDeletion = to === null && deletes && TERMINAL.includes(from);
      const isStep = to !== null && WAYS[from]?.includes(to) === true;
      if (isStep || isRetry || isDeletion) continue;
      violations.push({ invariant: "I5", message: `task ${task} went from ${from} to ${to ?? "nowhere"}` });
    }
  }
  return [...violations, ...readsChange(evidence)];
};

/** Whoever has read an end reads the same end ever after. */
const readsChange: Check = (evidence) => {
  const again = retriedTasks(evidence);
  const seen = new Map<string, { status: string; end: number }>();
  const violations: Violation[] = [];
  for (const { answered, begin, end } of operationsOf(evidence, ["read", "await"])) {
    for (const { id, status } of answered.tasks ?? []) {
      if (again.has(id)) continue;
      const before = seen.get(id);
      if (before !== undefined && before.end < begin && before.status !== status) {
        const message = `task ${id} was read ${before.status}, and later ${status}`;
        violations.push({ invariant: "I5", message });
      }
      const isFirst = before === undefined || end < before.end;
      if (TERMINAL.includes(status) && isFirst) seen.set(id, { status, end });
    }
  }
  return violations;
};

/** I6: a task ends once in each of its lives. */
export const oneTerminalEffect: Check = (evidence) => {
  if (evidence.promises.restored === true) return [];
  const violations: Violation[] = [];
  for (const [task, steps] of stepsByTask(evidence)) {
    let ends = 0;
    for (const { from_status: from, to_status: to } of steps) {
      if (from !== null && TERMINAL.includes(from) && to === "pending") ends = 0;
      if (to !== null && TERMINAL.includes(to)) ends += 1;
      if (ends > 1) violations.push({ invariant: "I6", message: `task ${task} ended ${ends} times` });
    }
  }
  return violations;
};

/** I9: what was cancelled, by the server's word, is cancelled. */
export const cancelWins: Check = (evidence) => {
  const again = retriedTasks(evidence);
  const rows = new Map(evidence.tables.tasks.map((row) => [row.id, row]));
  return operationsOf(evidence, ["cancel"]).flatMap(({ asked: { task = "" } }) => {
    const status = rows.get(task)?.status;
    if (status === undefined || status === "cancelled" || again.has(task)) return [];
    return [{ invariant: "I9", message: `task ${task} was cancelled, and ended ${status}` }];
  });
};
