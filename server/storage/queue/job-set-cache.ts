import { LRUCache } from "lru-cache";

/** The set of jobs that a worker is linked to. */
export interface JobSet {
  /** Identifies the set: workers with the same jobs have the same key. */
  readonly key: string;
  readonly jobIds: readonly string[];
}

const MAX_WORKERS = 10_000;
const MAX_SETS = 1_000;

/**
 * Caches the jobs that each worker had at its last claim. Each claim reads the jobs in the database and
 * returns the key of the set. With the cached key, claims of workers with the same jobs can be batched, and a
 * waiting claim does not have to look up its jobs again.
 */
export class JobSetCache {
  readonly #keys = new LRUCache<string, string>({ max: MAX_WORKERS });
  readonly #sets = new LRUCache<string, JobSet>({ max: MAX_SETS });

  getKey(workerId: string): string | undefined {
    return this.#keys.get(workerId);
  }

  /**
   * Returns the jobs of a worker. As long as a set is cached, all workers with these jobs get the same
   * object.
   */
  get(workerId: string): JobSet | undefined {
    const key = this.#keys.get(workerId);
    return key === undefined ? undefined : this.#sets.get(key);
  }

  /** Stores the key of a worker's job set; null if the worker is gone. */
  setKey(workerId: string, key: string | null): void {
    if (key === null) this.#keys.delete(workerId);
    else this.#keys.set(workerId, key);
  }

  /** Stores the jobs of a worker. If a set with this key is cached, returns that set instead. */
  set(workerId: string, set: JobSet): JobSet {
    this.setKey(workerId, set.key);
    const known = this.#sets.get(set.key);
    if (known !== undefined) return known;
    this.#sets.set(set.key, set);
    return set;
  }
}
