import type { JobAddress } from "../../protocol/index.ts";
import type { RegisteredJob, Storage } from "../storage/storage.ts";

const MAX_KNOWN = 5_000;

const keyOf = ({ roomId, category, name }: JobAddress) => `${roomId}:${category}:${name}`;

/** A job as it was seen, and whether that was just now. */
export interface CachedJob {
  readonly job: RegisteredJob;
  readonly isFresh: boolean;
}

/** Jobs as they were seen last, so that a submit does not ask again: its insert holds only if they are still so. */
export class JobCache {
  readonly #known = new Map<string, RegisteredJob>();
  readonly #storage: Pick<Storage, "jobs">;

  constructor(storage: Pick<Storage, "jobs">) {
    this.#storage = storage;
  }

  /** From memory, unless it has to be fresh. */
  async of(address: JobAddress, mustBeFresh: boolean): Promise<CachedJob | undefined> {
    const key = keyOf(address);
    const known = mustBeFresh ? undefined : this.#known.get(key);
    if (known !== undefined) return { job: known, isFresh: false };
    const job = await this.#storage.jobs.findWithoutCounts(address);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (job === undefined) this.#known.delete(key);
    else this.#known.set(key, job);
    return job && { job, isFresh: true };
  }
}
