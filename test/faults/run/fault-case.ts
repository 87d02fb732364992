import type { ClusterPlan } from "../cluster/cluster.ts";
import type { Scene } from "./scene.ts";

/** One fault of the catalogue as this machine can make it. */
export interface FaultCase {
  /** Its name in the catalogue, and what is special: `F13 answers of the database`. */
  readonly name: string;
  readonly invariants: readonly string[];
  /** The cluster that it needs for itself; without it, the one that all such cases share. */
  readonly cluster?: ClusterPlan;
  /** After so long it is broken off as failed; 60. */
  readonly seconds?: number;
  /** Makes the fault; what comes of it the checker decides. */
  run(scene: Scene): Promise<void>;
}
