import type { Random } from "../../support/random.ts";
import { sleep } from "../clock.ts";
import type { Client } from "./client.ts";
import { type Lease, ManualWorker } from "./manual-worker.ts";

export interface RawWorkerOptions {
  readonly random: Random;
  /** Maximum duration of a run, in milliseconds. */
  readonly workMs?: number;
  /** Fraction of the runs that fail. */
  readonly failures?: number;
  readonly heartbeatIntervalMs?: number;
}

/**
 * A complete worker that sends plain requests instead of using the SDK. It registers again after it
 * has been declared dead.
 */
export class RawWorker implements AsyncDisposable {
  readonly #client: Client;
  readonly #plan: RawWorkerOptions;
  readonly #end = new AbortController();
  readonly #leases = new Map<string, Lease>();
  readonly #running: Promise<void>[];
  #manualWorker: ManualWorker;

  private constructor(manualWorker: ManualWorker, plan: RawWorkerOptions) {
    this.#client = manualWorker.client;
    this.#manualWorker = manualWorker;
    this.#plan = plan;
    this.#running = [this.#work(), this.#sendHeartbeats()];
  }

  static async start(client: Client, plan: RawWorkerOptions): Promise<RawWorker> {
    return new RawWorker(await ManualWorker.create(client), plan);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
    await this.#manualWorker.deregister();
  }

  async #work(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      const manualWorker = this.#manualWorker;
      const task = await manualWorker.claim({ wait: 2, signal });
      if (task !== undefined) await this.#run(manualWorker, task);
      // Avoids a busy loop if claims fail or return immediately without a task.
      else await sleep(20, signal);
    }
  }

  async #run(manualWorker: ManualWorker, lease: Lease): Promise<void> {
    const { random, workMs = 20, failures = 0 } = this.#plan;
    this.#leases.set(lease.id, lease);
    const isStarted = (await manualWorker.updateWithRetry({ operation: "start", lease })).outcome === "ok";
    if (isStarted) {
      await sleep(random.between(0, workMs));
      await manualWorker.updateWithRetry({ operation: random.chance(failures) ? "fail" : "complete", lease });
    }
    this.#leases.delete(lease.id);
  }

  async #sendHeartbeats(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await sleep(this.#plan.heartbeatIntervalMs ?? 300, signal);
      const answer = await this.#manualWorker.heartbeat([...this.#leases.keys()]);
      if (answer.outcome !== "fail" || signal.aborted) continue;
      this.#manualWorker = await ManualWorker.create(this.#client).catch(() => this.#manualWorker);
    }
  }
}
