import { LRUCache } from "lru-cache";
import type { Settings } from "../settings/settings.ts";
import type { StatsRecord, Storage } from "../storage/ports/storage.ts";

/** A cache of stats. The key must contain `room` (undefined for all rooms) and `hours`. */
export type StatsCache = LRUCache<string, StatsRecord, { readonly room: string | undefined; hours: number }>;

/**
 * Creates a cache in which all requests within two seconds share one query, because every open
 * dashboard requests stats every few seconds. Failures are not cached.
 */
export function createStatsCache(
  { stats }: Pick<Storage, "stats">,
  { worker_timeout_seconds }: Pick<Settings, "worker_timeout_seconds">,
): StatsCache {
  return new LRUCache({
    ...{ max: 1_000, ttl: 2_000, ttlResolution: 0 },
    // If the cache evicts an entry while its query runs, the request still gets the result.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _stale, { context: { room, hours } }) =>
      stats.getStats(room, hours, worker_timeout_seconds),
  });
}
