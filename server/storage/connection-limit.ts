/** After the server has refused a connection, one more than it granted is tried again so often. */
const GROW_EVERY_MS = 5_000;
/** Waits before the next try if the server has granted no connection at all, doubling. */
const FIRST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 500;

/** How many connections the server grants, as far as is known: all that are wanted, until it refuses one. */
export class ConnectionLimit {
  readonly #wanted: number;
  readonly #listeners = new Set<() => void>();
  #granted: number;
  #refusal: { readonly at: number; readonly error: unknown } | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(wanted: number) {
    this.#wanted = wanted;
    this.#granted = wanted;
  }

  get size(): number {
    return this.#granted;
  }

  get isScarce(): boolean {
    return this.#refusal !== undefined;
  }

  /** True while the next try is put off. */
  get isPaused(): boolean {
    return this.#retry !== undefined;
  }

  /** Why the server refused the last one. */
  get refusal(): unknown {
    return this.#refusal?.error;
  }

  /** Calls back whenever the server refuses a connection; the result stops that. */
  whenRefused(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notes that the server refused a connection next to those that there are. */
  refused(connections: number, error: unknown): void {
    this.#granted = Math.max(1, connections);
    this.#refusal = { at: performance.now(), error };
    for (const listener of [...this.#listeners]) listener();
  }

  /** Notes that a connection was opened. */
  opened(): void {
    this.#retryMs = FIRST_RETRY_MS;
  }

  /** Puts the next try off: there is no connection that could become free meanwhile. */
  pause(then: () => void): void {
    this.#retry ??= setTimeout(
      () => {
        this.#retry = undefined;
        then();
      },
      this.#retryMs * (0.5 + Math.random() / 2),
    );
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  /** Allows one connection more than the server granted, once in a while. */
  grow(): void {
    if (this.#refusal === undefined || performance.now() - this.#refusal.at < GROW_EVERY_MS) return;
    this.#granted += 1;
    const isWhole = this.#granted >= this.#wanted;
    this.#refusal = isWhole ? undefined : { ...this.#refusal, at: performance.now() };
  }

  end(): void {
    clearTimeout(this.#retry);
  }
}
