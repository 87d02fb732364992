import { expect, test } from "vitest";
import type { Step } from "../cluster/tables.ts";
import type { OperationSpan } from "../history/history.ts";
import type { Evidence } from "./evidence.ts";
import { checkOrder } from "./order.ts";

interface Submit {
  readonly task: string;
  readonly begin: number;
  readonly end: number;
  /** Default: ok. */
  readonly outcome?: "ok" | "fail" | "unknown";
}

/** Builds a submit. The token is the task's id, and only a known response contains the task. */
const buildSubmit = ({ task, begin, end, outcome = "ok" }: Submit): OperationSpan => ({
  process: "submitter",
  operation: "submit",
  input: { token: task },
  output: outcome === "ok" ? { tasks: [{ id: task, room: "room", status: "pending", attempt: 0 }] } : {},
  outcome,
  begin,
  end,
});

const buildStep = (task: string, at: number, from: string | null, to: string): Step => ({
  ...{ at, task_id: task, job_id: "job", number: 1, priority: 0, run_at: 0 },
  ...{ from_status: from, to_status: to, from_attempt: null, to_attempt: null },
  ...{ from_worker: null, to_worker: null, runs: 0, max_attempts: 2 },
});

const check = (submits: readonly Submit[], steps: readonly Step[]) => {
  const evidence: Evidence = {
    history: { operations: submits.map(buildSubmit), notes: [] },
    tables: { tasks: [], steps, endedWorkers: [] },
    audited: true,
    wallOffset: 0,
    workerTimeoutMs: 10_000,
    expectations: { ordered: true },
  };
  return checkOrder(evidence);
};

const EARLY = { task: "early", begin: 0, end: 100 };
const LATE = { task: "late", begin: 200, end: 300 };

/** The steps of a task that is inserted as pending and claimed once. */
const buildClaimedTask = (task: string, inserted: number, claimed: number): Step[] => [
  buildStep(task, inserted, null, "pending"),
  buildStep(task, claimed, "pending", "claimed"),
];

/** The steps of a directly assigned task that is requeued and claimed again. */
const buildAssignedTask = (task: string, inserted: number, claimedAgain: number): Step[] => [
  buildStep(task, inserted, null, "claimed"),
  buildStep(task, inserted + 10, "claimed", "pending"),
  buildStep(task, claimedAgain, "pending", "claimed"),
];

const VIOLATION = [
  {
    invariant: "I12",
    message: "task late was submitted after task early, but claimed before that task",
  },
];

test("the order check reports a task that was claimed before a task that was submitted earlier", () => {
  const steps = [...buildClaimedTask("early", 50, 2000), ...buildClaimedTask("late", 250, 400)];

  expect(check([EARLY, LATE], steps)).toEqual(VIOLATION);
});

test("the order check reports a task that was directly assigned while an earlier task was pending", () => {
  const steps = [...buildClaimedTask("early", 50, 2000), ...buildAssignedTask("late", 250, 3000)];

  expect(check([EARLY, LATE], steps)).toEqual(VIOLATION);
});

test("the order check ignores the second claim of an earlier task that was directly assigned and requeued", () => {
  const steps = [...buildAssignedTask("early", 50, 2000), ...buildClaimedTask("late", 250, 400)];

  expect(check([EARLY, LATE], steps)).toEqual([]);
});

test("the order check ignores a repeated submit if the first request may have created the task before the other task was acknowledged", () => {
  const lost = { task: "late", begin: 50, end: 150, outcome: "unknown" } as const;
  const steps = [...buildClaimedTask("late", 90, 400), ...buildClaimedTask("early", 95, 2000)];

  expect(check([EARLY, lost, LATE], steps)).toEqual([]);
});

test("the order check reports a repeated submit if the first request began after the other task was acknowledged", () => {
  const lost = { task: "late", begin: 150, end: 190, outcome: "unknown" } as const;
  const steps = [...buildClaimedTask("early", 50, 2000), ...buildClaimedTask("late", 170, 400)];

  expect(check([EARLY, lost, LATE], steps)).toEqual(VIOLATION);
});

test("the order check reports a repeated submit if the first request was refused", () => {
  const refused = { task: "late", begin: 50, end: 150, outcome: "fail" } as const;
  const steps = [...buildClaimedTask("early", 50, 2000), ...buildClaimedTask("late", 250, 400)];

  expect(check([EARLY, refused, LATE], steps)).toEqual(VIOLATION);
});
