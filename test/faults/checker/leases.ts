import type { OperationSpan } from "../history/history.ts";
import { type Check, getRetriedTasks, getStepsByTask, selectOperations, type Violation } from "./evidence.ts";
import { findLeases, isLeased, type LeaseSpan, toLeaseKey } from "./lease-spans.ts";

/**
 * Invariant I3: only a claim of a pending task starts a lease, and each lease has a new attempt
 * number.
 */
export const checkSingleLease: Check = (evidence) => {
  if (evidence.expectations.restored === true) return [];
  const violations: Violation[] = [];
  const report = (task: string, what: string) =>
    violations.push({ invariant: "I3", message: `task ${task} ${what}` });
  for (const [task, steps] of getStepsByTask(evidence)) {
    for (const { from_status, to_status, from_attempt, to_attempt, from_worker, to_worker } of steps) {
      if (from_status === null || to_status === null) continue;
      const isClaim = from_status === "pending" && isLeased(to_status);
      const grown = (to_attempt ?? 0) - (from_attempt ?? 0);
      if (isClaim && grown !== 1) report(task, `was claimed, and its attempt increased by ${grown}`);
      if (!isClaim && grown !== 0)
        report(task, `changed its attempt when it went from ${from_status} to ${to_status}`);
      const changesWorker = isLeased(from_status) && to_worker !== null && to_worker !== from_worker;
      if (changesWorker) report(task, `passed from worker ${from_worker} to ${to_worker} without a claim`);
    }
  }
  return [...violations, ...findRepeatedClaims(selectOperations(evidence, ["claim"]))];
};

/** Finds attempts that several claims have returned. */
const findRepeatedClaims = (claims: readonly OperationSpan[]): Violation[] => {
  const claimed = claims.flatMap(({ output }) => output.tasks ?? []);
  return [...Map.groupBy(claimed, ({ id, attempt }) => `${id} ${attempt}`)]
    .filter(([, repeated]) => repeated.length > 1)
    .map(([name, { length }]) => ({
      invariant: "I3",
      message: `the task and attempt ${name} were returned by ${length} claims`,
    }));
};

/**
 * Invariant I3: no task runs more often than its `max_attempts`. Counts the runs that the workers
 * recorded in the history.
 */
export const checkMaxRuns: Check = (evidence) => {
  if (evidence.expectations.restored === true) return [];
  const retried = getRetriedTasks(evidence);
  const rows = new Map(evidence.tables.tasks.map((row) => [row.id, row]));
  const violations: Violation[] = [];
  for (const [task, { length }] of Map.groupBy(
    selectOperations(evidence, ["run"]),
    ({ input }) => input.task ?? "",
  )) {
    const maxAttempts = rows.get(task)?.max_attempts;
    if (maxAttempts === undefined || retried.has(task) || length <= maxAttempts) continue;
    violations.push({
      invariant: "I3",
      message: `task ${task} may run ${maxAttempts} times and ran ${length} times`,
    });
  }
  return violations;
};

/** Tolerated difference between the database's clock and the history's clock. */
const TOLERANCE_MS = 20;

const isCovered = ({ operation, begin }: OperationSpan, lease: LeaseSpan): boolean => {
  if (operation === "complete") return lease.end === "completed";
  if (operation === "fail") return lease.end === "failed" || lease.end === "pending";
  if (operation === "start") return lease.wasStarted;
  return lease.until + TOLERANCE_MS >= begin;
};

/**
 * Invariant I4: the server accepts an update only from the worker with the lease, and every stored
 * result was written by that worker.
 */
export const checkFencing: Check = (evidence) => {
  const violations: Violation[] = [];
  const leases = new Map(
    findLeases(evidence).map((lease) => [toLeaseKey(lease.task, lease.worker, lease.attempt), lease]),
  );
  const isDecidable = evidence.audited && evidence.expectations.restored !== true;
  const spans = isDecidable ? selectOperations(evidence, ["start", "complete", "fail", "progress"]) : [];
  for (const span of spans) {
    const { task = "", worker, attempt } = span.input;
    if (worker === undefined || attempt === undefined) continue;
    const lease = leases.get(toLeaseKey(task, worker, attempt));
    if (lease !== undefined && isCovered(span, lease)) continue;
    const why = lease === undefined ? "its worker never had the lease" : `the lease ended as ${lease.end}`;
    const message = `the update "${span.operation}" of task ${task} was accepted, but ${why}`;
    violations.push({ invariant: "I4", message });
  }
  return [...violations, ...findForeignResults(evidence)];
};

const findForeignResults: Check = ({ tables }) =>
  tables.tasks.flatMap(({ id, status, result, worker_id, attempt }) => {
    if (status !== "completed" || typeof result !== "object" || result === null || !("by" in result))
      return [];
    const isOwn = result.by === worker_id && "attempt" in result && result.attempt === attempt;
    if (isOwn) return [];
    const writer = `worker ${String(result.by)} wrote the result of task ${id}`;
    const message = `${writer}, but worker ${worker_id} had the lease of attempt ${attempt}`;
    return [{ invariant: "I4", message }];
  });
