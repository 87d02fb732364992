import type { FaultCase } from "../run/fault-case.ts";

/** One change to a built file. */
export interface Edit {
  /** The file, relative to `dist`. */
  readonly file: string;
  /** The text to replace, which must occur exactly once. */
  readonly remove: string;
  readonly insert: string;
}

/** A defect that is built into a copy of joblib, to test that the checker finds it. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The case that must fail. */
  readonly foundBy: FaultCase;
  /** The case must report at least one of these invariants. */
  readonly invariants: readonly string[];
}
