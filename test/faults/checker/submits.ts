import type { OperationSpan } from "../history/history.ts";
import { type Check, operationsOf, TERMINAL, type Violation } from "./evidence.ts";

const taskOf = ({ answered }: OperationSpan): string | undefined => answered.tasks?.[0]?.id;

/** I1: what was acknowledged is there, and has come to its end where the case was drained. */
export const noLostSubmit: Check = (evidence) => {
  const { drained = true, deletes = false } = evidence.promises;
  const rows = new Map(evidence.tables.tasks.map((row) => [row.id, row]));
  const violations: Violation[] = [];
  for (const span of operationsOf(evidence, ["submit"])) {
    const id = taskOf(span);
    if (id === undefined || deletes) continue;
    const row = rows.get(id);
    if (row === undefined) {
      violations.push({ invariant: "I1", message: `task ${id} was acknowledged and is lost` });
    } else if (drained && !TERMINAL.includes(row.status)) {
      violations.push({ invariant: "I1", message: `task ${id} was left ${row.status}` });
    }
  }
  return violations;
};

/** I2: no task that nobody asked for, none twice for one key, and one answer for one key. */
export const noPhantom: Check = (evidence) => {
  const violations: Violation[] = [];
  const broken = (message: string) => violations.push({ invariant: "I2", message });
  const spans = operationsOf(evidence, ["submit"], ["ok", "fail", "unknown"]);
  const submits = Map.groupBy(spans, ({ asked }) => asked.token ?? "");
  for (const [token, rows] of Map.groupBy(evidence.tables.tasks, ({ payload }) => String(payload["token"]))) {
    const asked = submits.get(token) ?? [];
    if (asked.every(({ outcome }) => outcome === "fail")) {
      const why = asked.length === 0 ? "nobody submitted it" : "its submit was refused";
      broken(`task ${rows[0]?.id} is there, and ${why}`);
    }
    // The clients send a key with every submit: the token where they say none.
    if (rows.length > 1) broken(`one key made ${rows.length} tasks of ${token}`);
  }
  for (const [token, group] of submits) {
    const answers = new Set(group.filter(({ outcome }) => outcome === "ok").map(taskOf));
    if (answers.size > 1) broken(`one key was answered with ${answers.size} tasks: ${token}`);
  }
  return violations;
};

/** I11: nothing is kept that the job's schema refuses. */
export const schemaTruth: Check = ({ tables }) =>
  tables.tasks
    .filter(({ payload: { token, n } }) => {
      const isCount = n === undefined || (typeof n === "number" && Number.isInteger(n) && n >= 0);
      return typeof token !== "string" || !isCount;
    })
    .map(({ id }) => ({ invariant: "I11", message: `task ${id} has a payload that its schema refuses` }));
