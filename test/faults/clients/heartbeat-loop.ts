import { sleep } from "../clock.ts";
import type { ManualWorker } from "./manual-worker.ts";

const INTERVAL_MS = 500;

/**
 * Sends a worker's heartbeats until it is disposed. Without them, two requests of a case on a busy machine could be further
 * apart than the worker timeout of 2 s.
 */
export class HeartbeatLoop implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  constructor(manualWorker: ManualWorker) {
    this.#running = this.#run(manualWorker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(manualWorker: ManualWorker): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await manualWorker.heartbeat();
      await sleep(INTERVAL_MS, signal);
    }
  }
}
