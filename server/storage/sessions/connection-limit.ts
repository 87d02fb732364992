/** Time after which a limit that was reduced is raised by one connection, in milliseconds. */
const RAISE_INTERVAL_MS = 5_000;
/**
 * Delay before the next attempt to connect if PostgreSQL accepts no connection at all, in
 * milliseconds. The delay doubles after each attempt, up to `MAX_RETRY_MS`.
 */
const FIRST_RETRY_MS = 10;
const MAX_RETRY_MS = 500;

/**
 * Tracks how many connections PostgreSQL accepts. The limit is the pool's maximum until PostgreSQL
 * refuses a connection.
 */
export class ConnectionLimit {
  readonly #maximum: number;
  readonly #listeners = new Set<() => void>();
  #size: number;
  #refusal: { readonly at: number; readonly error: unknown } | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(maximum: number) {
    this.#maximum = maximum;
    this.#size = maximum;
  }

  get size(): number {
    return this.#size;
  }

  get isReduced(): boolean {
    return this.#refusal !== undefined;
  }

  get isDelayed(): boolean {
    return this.#retry !== undefined;
  }

  get refusal(): unknown {
    return this.#refusal?.error;
  }

  /**
   * Calls the listener whenever PostgreSQL refuses a connection. Returns a function that removes
   * the listener.
   */
  onRefused(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Records that PostgreSQL refused one more connection while `connections` were open or being
   * opened.
   */
  recordRefusal(connections: number, error: unknown): void {
    this.#size = Math.max(1, connections);
    this.#refusal = { at: performance.now(), error };
    for (const listener of [...this.#listeners]) listener();
  }

  recordSuccess(): void {
    this.#retryMs = FIRST_RETRY_MS;
  }

  /**
   * Delays the next attempt to connect. Use this only if the pool has no open connections.
   * Otherwise a call can wait until one of them becomes free.
   */
  delayRetry(retry: () => void): void {
    this.#retry ??= setTimeout(
      () => {
        this.#retry = undefined;
        retry();
      },
      this.#retryMs * (0.5 + Math.random() / 2),
    );
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  raise(): void {
    if (this.#refusal === undefined || performance.now() - this.#refusal.at < RAISE_INTERVAL_MS) return;
    this.#size += 1;
    const isMaximum = this.#size >= this.#maximum;
    this.#refusal = isMaximum ? undefined : { ...this.#refusal, at: performance.now() };
  }

  stop(): void {
    clearTimeout(this.#retry);
  }
}
