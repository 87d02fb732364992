import { rmSync } from "node:fs";
import { type Cluster, type ClusterOptions, startCluster } from "../cluster/cluster.ts";
import type { Services } from "../cluster/services.ts";
import { withDeadline } from "./deadline.ts";
import type { FaultCase } from "./fault-case.ts";
import { type CaseResult, createFailedResult, MAX_CASE_SECONDS, runCase } from "./run-case.ts";

/**
 * Time limit for starting the servers before a case and cleaning up after it, on a busy machine.
 */
export const OVERHEAD_SECONDS = 120;

/** The resources that all runners share. */
export interface RunnerResources {
  readonly services: Services;
  readonly folder: string;
  readonly keep: boolean;
}

/** Runs cases one after the other. Cases without their own cluster share one cluster. */
export class CaseRunner implements AsyncDisposable {
  readonly #resources: RunnerResources;
  #shared: Cluster | undefined;

  constructor(resources: RunnerResources) {
    this.#resources = resources;
  }

  /**
   * Runs one case and never rejects. A case that hangs counts as failed, and its cluster is
   * abandoned.
   */
  async run(one: FaultCase, seed: number): Promise<CaseResult> {
    const seconds = (one.seconds ?? MAX_CASE_SECONDS) + OVERHEAD_SECONDS;
    const { folder } = this.#resources;
    // If the servers of a case do not start, only this case fails.
    const running = this.#run(one, seed).catch((error: unknown) =>
      createFailedResult(one, { seed, seconds: 0, folder, message: String(error) }),
    );
    const result = await withDeadline(running, seconds);
    if (result !== undefined) return result;
    this.#shared = undefined;
    const message = `the case and its cleanup did not end within ${seconds} s`;
    return createFailedResult(one, { seed, seconds, folder, message });
  }

  async #run(one: FaultCase, seed: number): Promise<CaseResult> {
    if (one.cluster !== undefined) return this.#runIsolated(one, { plan: one.cluster, seed });
    this.#shared ??= await startCluster(this.#resources.services, {});
    const result = await this.#runInCluster(one, { cluster: this.#shared, seed });
    // Disposes the shared cluster, because a failed case must not affect the next cases.
    if (result.violations.length > 0) await this.#disposeShared();
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposeShared();
  }

  async #runIsolated(
    one: FaultCase,
    { plan, seed }: { plan: ClusterOptions; seed: number },
  ): Promise<CaseResult> {
    await using cluster = await startCluster(this.#resources.services, plan);
    return await this.#runInCluster(one, { cluster, seed });
  }

  async #runInCluster(
    one: FaultCase,
    { cluster, seed }: { cluster: Cluster; seed: number },
  ): Promise<CaseResult> {
    const { folder, keep } = this.#resources;
    const result = await runCase(one, { cluster, seed, folder });
    if (result.violations.length === 0 && !keep) rmSync(result.folder, { recursive: true, force: true });
    return result;
  }

  async #disposeShared(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.[Symbol.asyncDispose]();
  }
}
