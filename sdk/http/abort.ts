/** The members that `AbortSignal` and `LazyAbort` have in common. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * An `AbortController` that creates its signal on first access. Most tasks end before anything accesses the signal,
 * and an `EventTarget` with listeners for each task took a fifth of a busy worker's CPU time.
 */
export class LazyAbort implements Abortable {
  #controller: AbortController | undefined;
  /**
   * The listeners are in an array, because there is nearly always at most one listener: a `Set` for each task and
   * request would cost more than it saves.
   */
  #listeners: readonly (() => void)[] = [];
  #isAborted = false;
  #reason: unknown;

  get aborted(): boolean {
    return this.#isAborted;
  }

  /** The reason of the abort; undefined before the abort. */
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

  addEventListener(_: "abort", listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_: "abort", listener: () => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Is aborted when the caller's signal is aborted, or with an error after a number of milliseconds. */
export class TimedAbort extends LazyAbort implements Disposable {
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(signal: AbortSignal | undefined, ms: number, createError: () => Error) {
    super();
    this.#signal = signal;
    // `AbortSignal.any` is not used, because it would double the CPU time of a waiting claim.
    const onAbort = () => this.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
    this.#onAbort = onAbort;
    this.#timer = setTimeout(() => this.abort(createError()), Math.min(ms, MAX_TIMER_MS));
  }

  /** Restarts the timeout. */
  restart(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * Waits for a number of milliseconds. Rejects with the signal's reason as soon as it is aborted, unlike
 * `node:timers/promises`, which rejects with an `AbortError` and ignores fake timers.
 */
export function sleep(ms: number, signal?: Abortable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  if (signal === undefined) return promise;
  return rejectOnAbort(promise, signal).finally(() => clearTimeout(timer));
}

/**
 * Returns the promise's result. Rejects with the signal's reason if it is aborted first. `Promise.race` is not
 * used, because it creates several promises, and every update of a task waits here.
 */
export const rejectOnAbort = <Value>(promise: Promise<Value>, signal: Abortable): Promise<Value> => {
  const { promise: result, resolve, reject } = Promise.withResolvers<Value>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  promise.then(
    (value) => {
      signal.removeEventListener("abort", abort);
      resolve(value);
    },
    (error: unknown) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    },
  );
  return result;
};
