import { LRUCache } from "lru-cache";
import type { JobAddress } from "../../../protocol/index.ts";
import { findJobAddresses } from "../queries/jobs/job-addresses.ts";
import type { Sessions } from "../sessions/sessions.ts";

const MAX_JOBS = 10_000;

/**
 * Caches the addresses of jobs, which never change. Without the cache, the database would look up the job of
 * each claimed task and send its room, category and name.
 */
export class JobAddressCache {
  readonly #addresses = new LRUCache<string, JobAddress>({ max: MAX_JOBS });
  readonly #runPrepared: Sessions["runPrepared"];

  constructor({ runPrepared }: Pick<Sessions, "runPrepared">) {
    this.#runPrepared = runPrepared;
  }

  /** Returns the addresses of jobs by id. Queries the database only for jobs that are not cached. */
  async find(jobIds: ReadonlySet<string>): Promise<ReadonlyMap<string, JobAddress>> {
    const found = new Map<string, JobAddress>();
    const unknown: string[] = [];
    for (const id of jobIds) {
      const address = this.#addresses.get(id);
      if (address === undefined) unknown.push(id);
      else found.set(id, address);
    }
    if (unknown.length === 0) return found;
    for (const row of await this.#runPrepared((db) => findJobAddresses(db, unknown))) {
      const address = { roomId: row.room_id, category: row.category, name: row.name };
      this.#addresses.set(row.id, address);
      found.set(row.id, address);
    }
    return found;
  }
}
