import { formatJobName, type Stats } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";

type Ports = Pick<Context, "storage" | "settings">;

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
