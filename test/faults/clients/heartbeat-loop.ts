import { sleep } from "../clock.ts";
import type { ManualWorker } from "./manual-worker.ts";

const INTERVAL_MS = 500;

/**
 * Sends a worker's heartbeats until the loop is disposed. On a busy machine, two requests of a case
 * may be more than the worker timeout of 2 s apart, so the worker would be declared dead without
 * these heartbeats.
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
