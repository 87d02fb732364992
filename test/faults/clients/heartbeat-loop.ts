import { sleep } from "../clock.ts";
import type { ManualWorker } from "./manual-worker.ts";

const INTERVAL_MS = 500;

/**
 * Sends a worker's heartbeats until it is disposed. Without heartbeats, the worker could be declared dead on a busy machine,
 * because two requests of a case may be more than the worker timeout of 2 s apart.
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
