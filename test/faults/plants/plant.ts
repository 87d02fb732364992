import type { FaultCase } from "../run/fault-case.ts";

/** A defect that is put into a copy of the built product, to see that the checker finds it. */
export interface Plant {
  readonly name: string;
  /** The file under `dist`. */
  readonly file: string;
  /** What is taken out, which must be there once, and what comes in its place. */
  readonly remove: string;
  readonly insert: string;
  /** The case that must turn red, and one of the invariants that it must name. */
  readonly shownBy: FaultCase;
  readonly invariants: readonly string[];
}
