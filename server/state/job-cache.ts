import { LRUCache } from "lru-cache";
import type { JobAddress } from "../../protocol/index.ts";
import type { RegisteredJob } from "../records.ts";
import type { Storage } from "../storage/ports/storage.ts";

const MAX_ENTRIES = 5_000;

const toKey = ({ roomId, category, name }: JobAddress) => `${roomId}:${category}:${name}`;

/** A job, and whether it has just been read from the database. */
export interface CachedJob {
  readonly job: RegisteredJob;
  readonly isFresh: boolean;
}

/**
 * Caches jobs, so that a submit does not have to read them. Entries may be outdated, but the insert of a task
 * succeeds only if the job has not changed since it was read.
 */
export class JobCache {
  readonly #jobs = new LRUCache<string, RegisteredJob>({ max: MAX_ENTRIES });
  readonly #storage: Pick<Storage, "jobs">;

  constructor(storage: Pick<Storage, "jobs">) {
    this.#storage = storage;
  }

  /**
   * Returns the job from the cache. Reads it from the database if it is not cached or if `mustBeFresh` is
   * true.
   */
  async find(address: JobAddress, mustBeFresh: boolean): Promise<CachedJob | undefined> {
    const key = toKey(address);
    const cached = mustBeFresh ? undefined : this.#jobs.get(key);
    if (cached !== undefined) return { job: cached, isFresh: false };
    const job = await this.#storage.jobs.findWithoutCounts(address);
    if (job === undefined) this.#jobs.delete(key);
    else this.#jobs.set(key, job);
    return job && { job, isFresh: true };
  }
}
