/** Wakes those who wait for something to change. */
export class ChangeNotifier {
  readonly #waiting = new Set<() => void>();

  /** Something changed: everybody looks again. */
  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** What `look` gives once it is not undefined; undefined when the time is over or the caller has gone. */
  async waitFor<Value>(
    look: () => Value | undefined,
    seconds: number,
    signal?: AbortSignal,
  ): Promise<Value | undefined> {
    const over = new AbortController();
    const timer =
      seconds === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => over.abort(), seconds * 1000);
    const end = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    try {
      for (;;) {
        if (signal?.aborted) return undefined;
        const found = look();
        if (found !== undefined || seconds === 0 || end.aborted) return found;
        await this.#next(end);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #next(end: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        end.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      end.addEventListener("abort", wake, { once: true });
    });
  }
}
