import type { HeapProfiler, Profiler } from "node:inspector";

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/**
 * A connection to the inspector of another Node.js process, which uses the Chrome DevTools
 * Protocol.
 */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#settle(JSON.parse(String(data))));
  }

  /** Connects to the URL that Node.js prints if it is started with `--inspect`. */
  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error(`cannot connect to the inspector at ${url}`)));
    });
    return new Inspector(socket);
  }

  /** Samples the stack every 100 µs while `work` runs. */
  async profileCpu(work: () => Promise<unknown>): Promise<Profiler.Profile> {
    await this.#call("Profiler.enable");
    await this.#call("Profiler.setSamplingInterval", { interval: 100 });
    await this.#call("Profiler.start");
    await work();
    const { profile } = (await this.#call("Profiler.stop")) as Profiler.StopReturnType;
    return profile;
  }

  /**
   * Samples the allocations while `work` runs. Includes the allocations of objects that have been
   * garbage collected.
   */
  async profileAllocations(work: () => Promise<unknown>): Promise<HeapProfiler.SamplingHeapProfile> {
    await this.#call("HeapProfiler.enable");
    await this.#call("HeapProfiler.startSampling", {
      samplingInterval: 16_384,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await work();
    const { profile } = (await this.#call(
      "HeapProfiler.stopSampling",
    )) as HeapProfiler.StopSamplingReturnType;
    return profile;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #call(method: string, params: object = {}): Promise<unknown> {
    this.#calls += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#calls, waiting);
    this.#socket.send(JSON.stringify({ id: this.#calls, method, params }));
    return waiting.promise;
  }

  #settle({ id, result, error }: Message): void {
    const waiting = this.#waiting.get(id ?? 0);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }
}
