import type { Step, Tables } from "../cluster/tables.ts";
import type { History, OperationSpan } from "../history/history.ts";

/** A violated invariant of the fault catalogue. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** The expectations of a case, in addition to the invariants that always hold. */
export interface Expectations {
  /** Every task has finished. Default: true. */
  readonly drained?: boolean;
  /** Tasks may be deleted, by retention or because a backup was restored. */
  readonly deletes?: boolean;
  /** A backup was restored, so rows return to older states. */
  readonly restored?: boolean;
  /** Tasks must be claimed for the first time in the order of their submits. */
  readonly ordered?: boolean;
  /** No response may be a 5xx. */
  readonly no5xx?: boolean;
  /** Returns whether a user has access to a room. */
  readonly mayRead?: (user: string, room: string) => boolean;
}

/** Everything from which the checker decides whether a case has violated an invariant. */
export interface Evidence {
  readonly history: History;
  readonly tables: Tables;
  /** False if the database had no audit triggers, so that only its final state is known. */
  readonly audited: boolean;
  /** The database's wall clock minus the history's monotonic clock, in milliseconds. */
  readonly wallOffset: number;
  readonly thresholdMs: number;
  readonly expectations: Expectations;
}

/** Checks one or two invariants and returns the violations. */
export type Check = (evidence: Evidence) => Violation[];

export const TERMINAL: readonly string[] = ["completed", "failed", "cancelled"];

/** Caches a value that several checks compute from the same evidence. For a soak, the computation takes seconds. */
export const memoize = <Value>(compute: (evidence: Evidence) => Value): ((evidence: Evidence) => Value) => {
  const cache = new WeakMap<Evidence, Value>();
  return (evidence) => {
    const value = cache.get(evidence) ?? compute(evidence);
    cache.set(evidence, value);
    return value;
  };
};

/** Returns the steps of each task, in their order. */
export const getStepsByTask = memoize(
  ({ tables }): ReadonlyMap<string, readonly Step[]> => Map.groupBy(tables.steps, ({ task_id }) => task_id),
);

/** Returns the operations that have one of the given kinds and one of the given outcomes. */
export const selectOperations = (
  { history }: Evidence,
  kinds: readonly OperationSpan["f"][],
  outcomes: readonly OperationSpan["outcome"][] = ["ok"],
): OperationSpan[] =>
  history.operations.filter(({ f, outcome }) => kinds.includes(f) && outcomes.includes(outcome));

/** Returns the time of a step on the history's clock. */
export const toHistoryTime = ({ wallOffset }: Evidence, { at }: { readonly at: number }): number =>
  at - wallOffset;

/** Returns the tasks that a user has retried, or may have retried. */
export const getRetriedTasks = memoize(
  (evidence): ReadonlySet<string> =>
    new Set(selectOperations(evidence, ["retry"], ["ok", "unknown"]).map(({ input }) => input.task ?? "")),
);
