/** Notifies waiting requests of changes to the state. */
export class ChangeNotifier {
  readonly #waiting = new Set<() => void>();

  /** Makes every call of `waitFor` read the state again. */
  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Calls `read` after every change until it returns a value. Returns undefined on a timeout or
   * when `signal` is aborted.
   */
  async waitFor<Value>(
    read: () => Value | undefined,
    seconds: number,
    signal?: AbortSignal,
  ): Promise<Value | undefined> {
    const timeout = new AbortController();
    const timer =
      seconds === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => timeout.abort(), seconds * 1000);
    const end = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
    try {
      for (;;) {
        if (signal?.aborted) return undefined;
        const value = read();
        if (value !== undefined || seconds === 0 || end.aborted) return value;
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
