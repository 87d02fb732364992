import type { JobAddress } from "../../protocol/index.ts";
import { LruMap } from "../lru-map.ts";
import { findJobAddresses } from "./queries/job-addresses.ts";
import type { Sessions } from "./sessions.ts";

const MOST_JOBS = 10_000;

/**
 * Where jobs stand, which never changes: asking the database with every claimed task was a look by index and three
 * texts for each.
 */
export class JobAddressCache {
  readonly #known = new LruMap<JobAddress>({ entries: MOST_JOBS, weight: MOST_JOBS });
  readonly #hot: Sessions["hot"];

  constructor({ runPrepared: hot }: Pick<Sessions, "hot">) {
    this.#hot = hot;
  }

  async of(jobIds: ReadonlySet<string>): Promise<ReadonlyMap<string, JobAddress>> {
    const found = new Map<string, JobAddress>();
    const unknown: string[] = [];
    for (const id of jobIds) {
      const address = this.#known.get(id);
      if (address === undefined) unknown.push(id);
      else found.set(id, address);
    }
    if (unknown.length === 0) return found;
    for (const row of await this.#hot((db) => findJobAddresses(db, unknown))) {
      const address = { roomId: row.room_id, category: row.category, name: row.name };
      this.#known.set(row.id, address, 1);
      found.set(row.id, address);
    }
    return found;
  }
}
