import { rmSync } from "node:fs";
import { type Cluster, type ClusterPlan, startCluster } from "../cluster/cluster.ts";
import type { Services } from "../cluster/services.ts";
import { orLate } from "./deadline.ts";
import type { FaultCase } from "./fault-case.ts";
import { LONGEST_SECONDS, runCase, unfinished, type Verdict } from "./run-case.ts";

/** What a case may take besides its own time: servers that start on a busy machine, and everything put away after it. */
export const AROUND_SECONDS = 120;

/** What all lanes share. */
export interface LaneHome {
  readonly services: Services;
  readonly folder: string;
  readonly keep: boolean;
}

/** Runs one case after the other; the cases without a plan of their own share a cluster. */
export class Lane implements AsyncDisposable {
  readonly #home: LaneHome;
  #shared: Cluster | undefined;

  constructor(home: LaneHome) {
    this.#home = home;
  }

  /** One case, however it goes: one that hangs is a verdict too, and its cluster is left behind. */
  async run(one: FaultCase, seed: number): Promise<Verdict> {
    const seconds = (one.seconds ?? LONGEST_SECONDS) + AROUND_SECONDS;
    const verdict = await orLate(this.#run(one, seed), seconds);
    if (verdict !== undefined) return verdict;
    this.#shared = undefined;
    const message = `it hung for ${seconds} s, the putting away included`;
    return unfinished(one, { seed, seconds, folder: this.#home.folder, message });
  }

  async #run(one: FaultCase, seed: number): Promise<Verdict> {
    if (one.cluster !== undefined) return this.#runAlone(one, { plan: one.cluster, seed });
    this.#shared ??= await startCluster(this.#home.services, {});
    const verdict = await this.#judge(one, { cluster: this.#shared, seed });
    // What a failed case leaves behind is nobody's trouble but its own.
    if (verdict.violations.length > 0) await this.#leaveShared();
    return verdict;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leaveShared();
  }

  async #runAlone(one: FaultCase, { plan, seed }: { plan: ClusterPlan; seed: number }): Promise<Verdict> {
    await using cluster = await startCluster(this.#home.services, plan);
    return await this.#judge(one, { cluster, seed });
  }

  async #judge(one: FaultCase, { cluster, seed }: { cluster: Cluster; seed: number }): Promise<Verdict> {
    const { folder, keep } = this.#home;
    const verdict = await runCase(one, { cluster, seed, folder });
    if (verdict.violations.length === 0 && !keep) rmSync(verdict.folder, { recursive: true, force: true });
    return verdict;
  }

  async #leaveShared(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.[Symbol.asyncDispose]();
  }
}
