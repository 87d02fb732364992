/**
 * An `AbortController` that creates its signal on first access. Most tasks end before anything accesses it,
 * and an `EventTarget` with listeners for each task took a fifth of a busy worker's CPU time.
 */
export class LazyAbort {
  #controller: AbortController | undefined;
  /**
   * The listeners are in an array, because there is nearly always at most one: a `Set` for each task and
   * request would cost more than it saves.
   */
  #listeners: readonly (() => void)[] = [];
  #isAborted = false;
  #reason: unknown;

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** The reason of the abort; undefined before it. */
  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the signal and calls the listeners. Later calls do nothing. */
  abort(reason?: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#controller?.abort(reason);
    this.#reason = reason ?? this.#controller?.signal.reason ?? new DOMException("aborted", "AbortError");
    for (const listener of this.#listeners) listener();
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  /** Adds a listener for the abort. Returns a function that removes it. */
  onAbort(listener: () => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }
}
