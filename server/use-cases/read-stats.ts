import { formatJobName, type Stats } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { StatsRecord } from "../storage/stats.ts";

/** A dashboard asks every few seconds, and each that is open does: one answer is for all who ask meanwhile. */
const FRESH_MS = 2_000;
const MOST_KEPT = 1_000;

type Ports = Pick<Context, "storage" | "settings">;

interface Asked {
  readonly figures: Promise<StatsRecord>;
  readonly until: number;
}

/** Figures as they were asked for just now. */
export class StatsCache {
  readonly #asked = new Map<string, Asked>();

  of({ storage, settings }: Ports, room: string | undefined, hours: number): Promise<StatsRecord> {
    const key = `${hours} ${room ?? ""}`;
    const known = this.#asked.get(key);
    if (known !== undefined && performance.now() < known.until) return known.figures;
    if (this.#asked.size >= MOST_KEPT) this.#asked.clear();
    const figures = storage.stats.getStats(room, hours, settings.worker_timeout_threshold);
    this.#asked.set(key, { figures, until: performance.now() + FRESH_MS });
    // What failed is asked again by the next.
    figures.catch(() => this.#asked.delete(key));
    return figures;
  }
}

/** The figures of a room, or without one of all rooms together, as they are answered. */
export const readStats = async (
  ports: Ports & Pick<Context, "figures">,
  room: string | undefined,
  hours: number,
): Promise<Stats> => {
  const { since, until, stepSeconds, jobs, series } = await ports.figures.of(ports, room, hours);
  return {
    ...{ since, until, step_seconds: stepSeconds },
    jobs: jobs.map(({ job, ...figures }) => ({
      job_name: formatJobName(job, ports.settings.job_name_style),
      ...figures,
    })),
    series: [...series],
  };
};
