/** Maximum number of uploads of a form that run at the same time. */
const MAX_PARALLEL = 3;

/** Limits how many uploads run at the same time. The others wait in the order of their start. */
export class UploadQueue {
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /** Waits for a turn, and returns the function that ends it. */
  async enter(signal: AbortSignal): Promise<() => void> {
    while (this.#running >= MAX_PARALLEL) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      this.#waiting.delete(resolve);
      signal.throwIfAborted();
    }
    this.#running += 1;
    return () => {
      this.#running -= 1;
      const [next] = this.#waiting;
      next?.();
    };
  }
}
