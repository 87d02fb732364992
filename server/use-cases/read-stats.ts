import { LRUCache } from "lru-cache";
import { formatJobName, type Stats } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { StatsRecord } from "../storage/stats.ts";

/** Lifetime of a cached result. Every open dashboard requests the stats every few seconds. */
const MAX_AGE_MS = 2_000;
const MAX_ENTRIES = 1_000;

type Ports = Pick<Context, "storage" | "settings">;

/** Caches stats for two seconds, so that concurrent dashboards share one query. */
export class StatsCache {
  readonly #entries = new LRUCache<string, Promise<StatsRecord>>({
    max: MAX_ENTRIES,
    ttl: MAX_AGE_MS,
    ttlResolution: 0,
  });

  /** Returns the stats of a room, or of all rooms, over the last `hours`. */
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

/** Returns the stats of a room, or of all rooms if `room` is undefined. */
export const readStats = async (
  ports: Ports & Pick<Context, "statsCache">,
  room: string | undefined,
  hours: number,
): Promise<Stats> => {
  const { since, until, stepSeconds, jobs, series } = await ports.statsCache.get(ports, room, hours);
  return {
    ...{ since, until, step_seconds: stepSeconds },
    jobs: jobs.map(({ job, ...stats }) => ({
      job_name: formatJobName(job, ports.settings.job_name_style),
      ...stats,
    })),
    series: [...series],
  };
};
