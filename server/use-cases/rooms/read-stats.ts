import { formatJobName, type Stats } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";

/** Returns the stats of a room, or of all rooms if `room` is undefined. */
export async function readStats(
  { statsCache, settings }: Context,
  room: string | undefined,
  hours: number,
): Promise<Stats> {
  const key = `${hours} ${room ?? ""}`;
  const { since, until, stepSeconds, jobs, series } = await statsCache.forceFetch(key, {
    context: { room, hours },
  });
  return {
    ...{ since, until, step_seconds: stepSeconds },
    jobs: jobs.map(({ job, ...stats }) => ({
      job_name: formatJobName(job, settings.job_name_style),
      ...stats,
    })),
    series: [...series],
  };
}
