import type { Step, Tables } from "../cluster/tables.ts";
import type { History, OperationSpan } from "../history/history.ts";

/** A violated invariant of the fault catalogue. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** The expectations of a case, in addition to the invariants that always hold. */
export interface Expectations {
  /** True if every task must have finished. Default: true. */
  readonly drained?: boolean;
  /** True if tasks may be deleted, by retention or by the restore of a backup. */
  readonly deletes?: boolean;
  /** True if a backup was restored, so that rows may return to older states. */
  readonly restored?: boolean;
  /** True if tasks must be claimed for the first time in the order of their submits. */
  readonly ordered?: boolean;
  /** True if no response may have a 5xx status. */
  readonly no5xx?: boolean;
  /** Returns whether a user has access to a room. */
  readonly mayRead?: (user: string, room: string) => boolean;
}

/** Everything from which the checker decides whether a case has violated an invariant. */
export interface Evidence {
  readonly history: History;
  readonly tables: Tables;
  /**
   * True if audit triggers recorded every change. False if only the final state of the database is
   * known.
   */
  readonly audited: boolean;
  /** The database's wall clock minus the history's monotonic clock, in milliseconds. */
  readonly wallOffset: number;
  readonly workerTimeoutMs: number;
  readonly expectations: Expectations;
}

/** Checks one or two invariants and returns the violations. */
export type Check = (evidence: Evidence) => Violation[];

export const TERMINAL: readonly string[] = ["completed", "failed", "cancelled"];

/**
 * Caches a value that several checks compute from the same evidence, because the computation takes
 * seconds after a soak.
 */
export const memoize = <Value>(compute: (evidence: Evidence) => Value): ((evidence: Evidence) => Value) => {
  const cache = new WeakMap<Evidence, Value>();
  return (evidence) => {
    const value = cache.get(evidence) ?? compute(evidence);
    cache.set(evidence, value);
    return value;
  };
};

/** Returns the recorded status changes of each task, in the order of their commits. */
export const getStepsByTask = memoize(
  ({ tables }): ReadonlyMap<string, readonly Step[]> => Map.groupBy(tables.steps, ({ task_id }) => task_id),
);

/** Returns the operations that have one of the given kinds and one of the given outcomes. */
export const selectOperations = (
  { history }: Evidence,
  kinds: readonly OperationSpan["operation"][],
  outcomes: readonly OperationSpan["outcome"][] = ["ok"],
): OperationSpan[] =>
  history.operations.filter(
    ({ operation, outcome }) => kinds.includes(operation) && outcomes.includes(outcome),
  );

/**
 * Converts the time of a recorded status change from the database's clock to the history's clock.
 */
export const toHistoryTime = ({ wallOffset }: Evidence, { at }: { readonly at: number }): number =>
  at - wallOffset;

/** Returns the tasks that a user has retried, including retries whose outcome is unknown. */
export const getRetriedTasks = memoize(
  (evidence): ReadonlySet<string> =>
    new Set(selectOperations(evidence, ["retry"], ["ok", "unknown"]).map(({ input }) => input.task ?? "")),
);
