import { LRUCache } from "lru-cache";
import type { JobAddress } from "../../protocol/index.ts";
import type { RegisteredJob } from "../records.ts";
import type { Settings } from "../settings/settings.ts";
import type { Storage } from "../storage/ports/storage.ts";

const MAX_ENTRIES = 5_000;

type ResultSchema = Pick<RegisteredJob, "resultSchema" | "schemaHash">;

/** Caches jobs, so that most submits and completions need no query to read their job. */
export class JobCache {
  readonly #jobs = new LRUCache<string, RegisteredJob>({ max: MAX_ENTRIES });
  readonly #resultSchemas = new LRUCache<string, ResultSchema>({ max: MAX_ENTRIES });
  readonly #storage: Pick<Storage, "jobs">;
  readonly #settings: Pick<Settings, "worker_timeout_seconds">;

  constructor(storage: Pick<Storage, "jobs">, settings: Pick<Settings, "worker_timeout_seconds">) {
    this.#storage = storage;
    this.#settings = settings;
  }

  /**
   * Returns a job; undefined if it is not registered. Unless `mustBeFresh` is true, the job may
   * come from the cache and be outdated. An outdated job cannot cause errors, because inserting a
   * task fails if the job has changed since it was read.
   */
  async find(address: JobAddress, mustBeFresh: boolean): Promise<RegisteredJob | undefined> {
    const key = `${address.roomId}:${address.category}:${address.name}`;
    const cached = mustBeFresh ? undefined : this.#jobs.get(key);
    if (cached !== undefined) return cached;
    const job = await this.#storage.jobs.findWithoutCounts(address);
    if (job === undefined) this.#jobs.delete(key);
    else this.#jobs.set(key, job);
    return job;
  }

  /**
   * Returns the result schema of a job, even if the job was removed. A cached schema is never
   * outdated, because a job that is registered again with other schemas gets another id.
   */
  async findResultSchema(jobId: string): Promise<ResultSchema | undefined> {
    const cached = this.#resultSchemas.get(jobId);
    if (cached !== undefined) return cached;
    const job = await this.#storage.jobs.findById(jobId, this.#settings.worker_timeout_seconds);
    if (job === undefined) return undefined;
    const { resultSchema, schemaHash } = job;
    this.#resultSchemas.set(jobId, { resultSchema, schemaHash });
    return { resultSchema, schemaHash };
  }
}
