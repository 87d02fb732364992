import { LRUCache } from "lru-cache";
import type { Settings } from "../settings.ts";
import type { StatsRecord } from "../storage/ports/stats.ts";
import type { Storage } from "../storage/ports/storage.ts";

/** Lifetime of a cached result. Every open dashboard requests the stats every few seconds. */
const MAX_AGE_MS = 2_000;
const MAX_ENTRIES = 1_000;

interface Ports {
  readonly storage: Pick<Storage, "stats">;
  readonly settings: Pick<Settings, "worker_timeout_threshold">;
}

/** Caches stats for two seconds, so that concurrent dashboards share one query. */
export class StatsCache {
  readonly #entries = new LRUCache<string, Promise<StatsRecord>>({
    max: MAX_ENTRIES,
    ttl: MAX_AGE_MS,
    ttlResolution: 0,
  });

  /** Returns the stats of the last `hours`, of a room or of all rooms. */
  get({ storage, settings }: Ports, room: string | undefined, hours: number): Promise<StatsRecord> {
    const key = `${hours} ${room ?? ""}`;
    const cached = this.#entries.get(key);
    if (cached !== undefined) return cached;
    const stats = storage.stats.getStats(room, hours, settings.worker_timeout_threshold);
    this.#entries.set(key, stats);
    // A failure is not cached.
    stats.catch(() => this.#entries.delete(key));
    return stats;
  }
}
