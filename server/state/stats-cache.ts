import { LRUCache } from "lru-cache";
import type { Settings } from "../settings/settings.ts";
import type { StatsRecord, Storage } from "../storage/ports/storage.ts";

/**
 * A cache of the stats of rooms. `room` (undefined for all rooms) and `hours` must be part of the
 * key.
 */
export type StatsCache = LRUCache<string, StatsRecord, { readonly room: string | undefined; hours: number }>;

/**
 * Creates a cache in which stats are kept for two seconds, because every open dashboard requests
 * them every few seconds. Errors are not cached.
 */
export function createStatsCache(
  { stats }: Pick<Storage, "stats">,
  { worker_timeout_seconds }: Pick<Settings, "worker_timeout_seconds">,
): StatsCache {
  return new LRUCache({
    ...{ max: 1_000, ttl: 2_000, ttlResolution: 0 },
    // If the cache evicts an entry while its query is running, the query is not aborted, and the
    // request still gets the result.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _stale, { context: { room, hours } }) =>
      stats.getStats(room, hours, worker_timeout_seconds),
  });
}
