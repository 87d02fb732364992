import type { OperationSpan } from "../history/history.ts";
import { type Check, selectOperations, TERMINAL, type Violation } from "./evidence.ts";

const getTaskId = ({ output }: OperationSpan): string | undefined => output.tasks?.[0]?.id;

/**
 * Invariant I1: every acknowledged task exists, and has finished unless the case sets `drained` to
 * false.
 */
export const checkNoLostTasks: Check = (evidence) => {
  const { drained = true, deletes = false } = evidence.expectations;
  const rows = new Map(evidence.tables.tasks.map((row) => [row.id, row]));
  const violations: Violation[] = [];
  for (const span of selectOperations(evidence, ["submit"])) {
    const id = getTaskId(span);
    if (id === undefined || deletes) continue;
    const row = rows.get(id);
    if (row === undefined) {
      violations.push({ invariant: "I1", message: `task ${id} was acknowledged, but does not exist` });
    } else if (drained && !TERMINAL.includes(row.status)) {
      violations.push({ invariant: "I1", message: `task ${id} did not finish: it is ${row.status}` });
    }
  }
  return violations;
};

/**
 * Invariant I2: every task has a submit, and all submits with the same idempotency key return the
 * same task.
 */
export const checkNoPhantomTasks: Check = (evidence) => {
  const violations: Violation[] = [];
  const report = (message: string) => violations.push({ invariant: "I2", message });
  const spans = selectOperations(evidence, ["submit"], ["ok", "fail", "unknown"]);
  const submits = Map.groupBy(spans, ({ input }) => input.token ?? "");
  for (const [token, rows] of Map.groupBy(evidence.tables.tasks, ({ payload }) => String(payload["token"]))) {
    const attempts = submits.get(token) ?? [];
    if (attempts.every(({ outcome }) => outcome === "fail")) {
      const why = attempts.length === 0 ? "no client submitted it" : "its submit was refused";
      report(`task ${rows[0]?.id} exists, but ${why}`);
    }
    // The clients send an idempotency key with every submit. Unless a case sets a key, the token of
    // the submit is its key.
    if (rows.length > 1) report(`the idempotency key of submit ${token} created ${rows.length} tasks`);
  }
  for (const [token, group] of submits) {
    const tasks = new Set(group.filter(({ outcome }) => outcome === "ok").map(getTaskId));
    if (tasks.size > 1) report(`repetitions of submit ${token} returned ${tasks.size} different tasks`);
  }
  return violations;
};

/** Invariant I11: stored payloads are valid against the job's schema. */
export const checkPayloads: Check = ({ tables }) =>
  tables.tasks
    .filter(({ payload: { token, n } }) => {
      const isCount = n === undefined || (typeof n === "number" && Number.isInteger(n) && n >= 0);
      return typeof token !== "string" || !isCount;
    })
    .map(({ id }) => ({
      invariant: "I11",
      message: `the payload of task ${id} is invalid against its schema`,
    }));
