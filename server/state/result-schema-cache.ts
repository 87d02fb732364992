import { LRUCache } from "lru-cache";
import type { JsonObject } from "../../protocol/index.ts";
import type { Settings } from "../settings.ts";
import type { Storage } from "../storage/ports/storage.ts";

const MAX_ENTRIES = 5_000;

interface Ports {
  readonly storage: Pick<Storage, "jobs">;
  readonly settings: Pick<Settings, "worker_timeout_threshold">;
}

type ResultSchema = { readonly hash: string; readonly schema: JsonObject } | null;

/**
 * Caches the result schemas of jobs. They never change: a job that is registered again with other schemas has another
 * id.
 */
export class ResultSchemaCache {
  readonly #schemas = new LRUCache<string, { readonly found: ResultSchema }>({ max: MAX_ENTRIES });

  /** Returns the result schema of a job; null if the job has none or does not exist. */
  async get({ storage, settings }: Ports, jobId: string): Promise<ResultSchema> {
    const cached = this.#schemas.get(jobId);
    if (cached !== undefined) return cached.found;
    const job = await storage.jobs.findById(jobId, settings.worker_timeout_threshold);
    if (job === undefined) return null;
    const found =
      job.resultSchema === null ? null : { hash: `${job.schemaHash}:result`, schema: job.resultSchema };
    this.#schemas.set(jobId, { found });
    return found;
  }
}
