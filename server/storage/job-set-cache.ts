/** The jobs that a worker is linked to, and what stands for just that set of them. */
export interface JobSet {
  readonly key: string;
  readonly jobIds: readonly string[];
}

const MAX_WORKERS = 10_000;
const MAX_SETS = 1_000;

/**
 * What each worker's jobs were when it claimed last. A claim looks for itself and tells their key: so claims that are
 * alike share a statement, and a claim that waits does not ask again which jobs it waits for.
 */
export class JobSetCache {
  readonly #keys = new Map<string, string>();
  readonly #sets = new Map<string, JobSet>();

  keyOf(workerId: string): string | undefined {
    return this.#keys.get(workerId);
  }

  /** The same object for the same jobs, as long as it is remembered. */
  of(workerId: string): JobSet | undefined {
    const key = this.#keys.get(workerId);
    return key === undefined ? undefined : this.#sets.get(key);
  }

  /** `key` null: the worker is gone. */
  learn(workerId: string, key: string | null): void {
    if (this.#keys.get(workerId) === key) return;
    if (this.#keys.size >= MAX_WORKERS) this.#keys.clear();
    if (key === null) this.#keys.delete(workerId);
    else this.#keys.set(workerId, key);
  }

  remember(workerId: string, set: JobSet): JobSet {
    this.learn(workerId, set.key);
    const known = this.#sets.get(set.key);
    if (known !== undefined) return known;
    if (this.#sets.size >= MAX_SETS) this.#sets.clear();
    this.#sets.set(set.key, set);
    return set;
  }
}
