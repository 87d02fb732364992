/** The members that `AbortSignal` and `LazyAbort` have in common. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * An `AbortController` that creates its signal on first access. Most tasks end before anything
 * accesses the signal, and creating an `EventTarget` with listeners for each task took a fifth of a
 * busy worker's CPU time.
 */
export class LazyAbort implements Abortable {
  #controller: AbortController | undefined;
  #reason: unknown;
  /** This is an array instead of a `Set`, because there is rarely more than one listener. */
  readonly #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  /** The reason of the abort; undefined before the abort. */
  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the signal and calls the listeners. Later calls do nothing. */
  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.#reason = reason ?? new DOMException("aborted", "AbortError");
    this.#controller?.abort(this.#reason);
    for (const listener of [...this.#listeners]) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.#reason;
  }

  addEventListener(_: "abort", listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_: "abort", listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A `LazyAbort` that is aborted when the caller's signal is aborted. After a number of
 * milliseconds, it is aborted with the error that `createError` returns.
 */
export class TimedAbort extends LazyAbort {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(signal: AbortSignal | undefined, ms: number, createError: () => Error) {
    super();
    this.#signal = signal;
    // `AbortSignal.any` is not used, because it would double the CPU time of a waiting claim.
    if (signal?.aborted) this.handleEvent();
    signal?.addEventListener("abort", this);
    this.#timer = setTimeout(() => this.abort(createError()), Math.min(ms, MAX_TIMER_MS));
  }

  /** Called when the caller's signal is aborted. */
  handleEvent(): void {
    this.abort(this.#signal?.reason);
  }

  /** Restarts the timeout. */
  restart(): void {
    this.#timer.refresh();
  }

  /** Stops the timeout, and removes the listener of the caller's signal. */
  release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this);
  }
}

/**
 * Waits for a number of milliseconds. Rejects with the signal's reason as soon as the signal is
 * aborted. `node:timers/promises` is not used, because it rejects with an `AbortError` instead of
 * the reason, and ignores fake timers.
 */
export function sleep(ms: number, signal?: Abortable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  if (signal === undefined) return promise;
  return rejectOnAbort(promise, signal).finally(() => clearTimeout(timer));
}

/**
 * Returns the promise's result. Rejects with the signal's reason if the signal is aborted first.
 * Does not use `Promise.race`, which creates more promises: this function is called for every task
 * update.
 */
export async function rejectOnAbort<Value>(promise: Promise<Value>, signal: Abortable): Promise<Value> {
  const { promise: result, resolve, reject } = Promise.withResolvers<Value>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  promise.then(resolve, reject);
  try {
    return await result;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
