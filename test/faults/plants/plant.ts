import type { FaultCase } from "../run/fault-case.ts";

/** One change to a file of the built product. */
export interface Edit {
  /** The file under `dist`. */
  readonly file: string;
  /** What is taken out, which must be there once, and what comes in its place. */
  readonly remove: string;
  readonly insert: string;
}

/** A defect that is put into a copy of the built product, to see that the checker finds it. */
export interface Plant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The case that must turn red, and one of the invariants that it must name. */
  readonly shownBy: FaultCase;
  readonly invariants: readonly string[];
}
