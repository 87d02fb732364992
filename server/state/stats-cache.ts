import { LRUCache } from "lru-cache";
import type { Settings } from "../settings/settings.ts";
import type { StatsRecord, Storage } from "../storage/ports/storage.ts";

/**
 * The stats of the last `hours` of a room, or of all rooms if `room` is undefined. The key must contain room and hours.
 */
export type StatsCache = LRUCache<string, StatsRecord, { readonly room: string | undefined; hours: number }>;

/**
 * Creates the cache of stats. Every open dashboard requests stats every few seconds, so all requests within
 * two seconds share one query. Failures are not cached.
 */
export function createStatsCache(
  { stats }: Pick<Storage, "stats">,
  { worker_timeout_seconds }: Pick<Settings, "worker_timeout_seconds">,
): StatsCache {
  return new LRUCache({
    ...{ max: 1_000, ttl: 2_000, ttlResolution: 0 },
    // A read whose entry is evicted in the meantime still returns its result instead of failing.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _stale, { context: { room, hours } }) =>
      stats.getStats(room, hours, worker_timeout_seconds),
  });
}
