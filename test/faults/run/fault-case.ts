import type { ClusterOptions } from "../cluster/cluster.ts";
import type { CaseContext } from "./case-context.ts";

/** One case of the fault catalogue. */
export interface FaultCase {
  /** The fault's number and a description, for example `F10 PostgreSQL is restarted`. */
  readonly name: string;
  readonly invariants: readonly string[];
  /** The options of the case's own cluster. Cases without this property share one cluster. */
  readonly cluster?: ClusterOptions;
  /** Time limit in seconds, after which the case fails. Default: 60. */
  readonly seconds?: number;
  /** Injects the fault. The checker then decides whether the case passes. */
  run(context: CaseContext): Promise<void>;
}
