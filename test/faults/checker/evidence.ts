import type { Step, Tables } from "../cluster/tables.ts";
import type { History, OperationSpan } from "../history/history.ts";

/** An invariant of the catalogue that does not hold. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** What a case promises beyond what always holds. */
export interface Promises {
  /** Every task has come to its end; true unless said otherwise. */
  readonly drained?: boolean;
  /** Tasks may be deleted: by retention, or because a backup was restored. */
  readonly deletes?: boolean;
  /** A backup was restored: rows go back in time. */
  readonly restored?: boolean;
  /** First offers are to come in the order of submits. */
  readonly ordered?: boolean;
  /** The clients saw no 5xx at all. */
  readonly always?: boolean;
  /** Something between client and server answered in its stead. */
  readonly impostor?: boolean;
  /** Who may read a room. */
  readonly mayRead?: (user: string, room: string) => boolean;
}

/** All that the checker decides from. */
export interface Evidence {
  readonly history: History;
  readonly tables: Tables;
  /** False where the database could not be watched: only its end is known. */
  readonly audited: boolean;
  /** From the database's wall clock to the history's. */
  readonly wallOffset: number;
  readonly thresholdMs: number;
  readonly promises: Promises;
}

/** One invariant, decided. */
export type Check = (evidence: Evidence) => Violation[];

export const TERMINAL: readonly string[] = ["completed", "failed", "cancelled"];

/** What several checks make of an evidence is made once: of a soak's it takes seconds. */
export const once = <Made>(make: (evidence: Evidence) => Made): ((evidence: Evidence) => Made) => {
  const known = new WeakMap<Evidence, Made>();
  return (evidence) => {
    const made = known.get(evidence) ?? make(evidence);
    known.set(evidence, made);
    return made;
  };
};

/** Steps by task, in their order. */
export const stepsByTask = once(
  ({ tables }): ReadonlyMap<string, readonly Step[]> => Map.groupBy(tables.steps, ({ task_id }) => task_id),
);

/** The operations of some kinds that came to something. */
export const operationsOf = (
  { history }: Evidence,
  kinds: readonly OperationSpan["f"][],
  outcomes: readonly OperationSpan["outcome"][] = ["ok"],
): OperationSpan[] =>
  history.operations.filter(({ f, outcome }) => kinds.includes(f) && outcomes.includes(outcome));

/** When a step was made, on the history's clock. */
export const timeOf = ({ wallOffset }: Evidence, { at }: { readonly at: number }): number => at - wallOffset;

/** Tasks that somebody may have opened again. */
export const retriedTasks = once(
  (evidence): ReadonlySet<string> =>
    new Set(operationsOf(evidence, ["retry"], ["ok", "unknown"]).map(({ asked }) => asked.task ?? "")),
);
