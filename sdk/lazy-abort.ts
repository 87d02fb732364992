/**
 * An `AbortController` whose signal is made when somebody asks for it: most tasks end without anybody having looked,
 * and an `EventTarget` for each, with its listeners, took a fifth of a busy worker's time.
 */
export class LazyAbort {
  #controller: AbortController | undefined;
  /** One at most, nearly always: a `Set` for each task and request would cost more than what it saves. */
  #listeners: readonly (() => void)[] = [];
  #isAborted = false;
  #reason: unknown;

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Why it was aborted. */
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

  /** Aborts it; the first reason stands. */
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

  /** Calls back when it is aborted, until the returned function is called. */
  onAbort(listener: () => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }
}
