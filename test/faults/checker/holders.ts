import type { OperationSpan } from "../history/history.ts";
import { type Check, operationsOf, retriedTasks, stepsByTask, type Violation } from "./evidence.ts";
import { type Hold, holdKey, holdsOf, isHeld } from "./holds-of.ts";

/** I3: a claim takes what is pending, and gives it a new attempt; nothing else changes hands. */
export const oneHolder: Check = (evidence) => {
  if (evidence.promises.restored === true) return [];
  const violations: Violation[] = [];
  const broken = (task: string, what: string) =>
    violations.push({ invariant: "I3", message: `task ${task} ${what}` });
  for (const [task, steps] of stepsByTask(evidence)) {
    for (const { from_status, to_status, from_attempt, to_attempt, from_worker, to_worker } of steps) {
      if (from_status === null || to_status === null) continue;
      const isClaim = from_status === "pending" && isHeld(to_status);
      const grown = (to_attempt ?? 0) - (from_attempt ?? 0);
      if (isClaim && grown !== 1) broken(task, `was claimed, and its attempt grew by ${grown}`);
      if (!isClaim && grown !== 0) broken(task, `changed its attempt from ${from_status} to ${to_status}`);
      const isHandOver = isHeld(from_status) && to_worker !== null && to_worker !== from_worker;
      if (isHandOver) broken(task, `passed from ${from_worker} to ${to_worker} without being given up`);
    }
  }
  return [...violations, ...answeredTwice(operationsOf(evidence, ["claim"]))];
};

/** No attempt is answered to two claims. */
const answeredTwice = (claims: readonly OperationSpan[]): Violation[] => {
  const given = claims.flatMap(({ answered }) => answered.tasks ?? []);
  return [...Map.groupBy(given, ({ id, attempt }) => `${id} ${attempt}`)]
    .filter(([, answers]) => answers.length > 1)
    .map(([name, { length }]) => ({
      invariant: "I3",
      message: `attempt ${name} was handed out ${length} times`,
    }));
};

/** No task is run more often than its `max_attempts`, by the word of the workers' own code. */
export const boundedRuns: Check = (evidence) => {
  if (evidence.promises.restored === true) return [];
  const again = retriedTasks(evidence);
  const rows = new Map(evidence.tables.tasks.map((row) => [row.id, row]));
  const violations: Violation[] = [];
  for (const [task, { length }] of Map.groupBy(
    operationsOf(evidence, ["run"]),
    ({ asked }) => asked.task ?? "",
  )) {
    const most = rows.get(task)?.max_attempts;
    if (most === undefined || again.has(task) || length <= most) continue;
    violations.push({
      invariant: "I3",
      message: `task ${task} may run ${most} times and ran ${length} times`,
    });
  }
  return violations;
};

/** How far apart the database's clock and the history's may be read. */
const SLACK_MS = 20;

const isCovered = ({ f, begin }: OperationSpan, hold: Hold): boolean => {
  if (f === "complete") return hold.end === "completed";
  if (f === "fail") return hold.end === "failed" || hold.end === "pending";
  if (f === "start") return hold.wasStarted;
  return hold.until + SLACK_MS >= begin;
};

/** I4: a write is taken only under the hold that it names, and what is kept was written by who held the task. */
export const fenced: Check = (evidence) => {
  const violations: Violation[] = [];
  const holds = new Map(
    holdsOf(evidence).map((hold) => [holdKey(hold.task, hold.worker, hold.attempt), hold]),
  );
  const isJudged = evidence.audited && evidence.promises.restored !== true;
  const spans = isJudged ? operationsOf(evidence, ["start", "complete", "fail", "progress"]) : [];
  for (const span of spans) {
    const { task = "", worker, attempt } = span.asked;
    if (worker === undefined || attempt === undefined) continue;
    const hold = holds.get(holdKey(task, worker, attempt));
    if (hold !== undefined && isCovered(span, hold)) continue;
    const what = hold === undefined ? "was never its" : `ended as ${hold.end}`;
    const message = `${span.f} of task ${task} was taken under a hold that ${what}`;
    violations.push({ invariant: "I4", message });
  }
  return [...violations, ...foreignResults(evidence)];
};

const foreignResults: Check = ({ tables }) =>
  tables.tasks.flatMap(({ id, status, result, worker_id, attempt }) => {
    if (status !== "completed" || typeof result !== "object" || result === null || !("by" in result))
      return [];
    const isItsOwn = result.by === worker_id && "attempt" in result && result.attempt === attempt;
    if (isItsOwn) return [];
    const whose = `${String(result.by)} wrote it, ${worker_id} held it in attempt ${attempt}`;
    return [{ invariant: "I4", message: `the result of task ${id} is another's: ${whose}` }];
  });
