import { median } from "../statistics.ts";
import { drain } from "./drain.ts";
import { type Ground, groundFor } from "./ground.ts";
import type { Measure } from "./measure.ts";

const COUNT = 40_000;
/** Servers that have just started compile what they run: that is no cost of a second one, and would be counted twice. */
const WARM_UP = 15_000;

/** Two workers, both at the one server, or each at its own. */
const rateAt = async ({ place, servers }: Ground, count: number): Promise<number> => {
  const roles = [0, 1].map((worker) => {
    const { url } = servers[worker % servers.length] ?? place;
    return { subject: "joblib", setting: "fast", place: { ...place, url } } as const;
  });
  const [role] = roles;
  if (role === undefined) throw new Error("there is no worker");
  return (await drain(role, { count, batch: 1000 }, roles)).drained;
};

/** One server and two, each on a database of its own, by turns: what differs by a few per cent must meet the same seconds. */
export const servers: Measure = {
  gives: { "joblib drain, one server": "tasks/s", "joblib drain, two servers": "tasks/s" },
  withinSeconds: 180,
  async run(bench) {
    await using one = await groundFor(bench, "joblib", { servers: 1, withRedis: true });
    await using two = await groundFor(bench, "joblib", { servers: 2, withRedis: true });
    const count = bench.isQuick ? COUNT / 2 : COUNT;
    for (const ground of [one, two]) await rateAt(ground, WARM_UP);
    const first = await rateAt(one, count);
    const both = [await rateAt(two, count), await rateAt(two, count)];
    const last = await rateAt(one, count);
    return {
      "joblib drain, one server": median([first, last]),
      "joblib drain, two servers": median(both),
    };
  },
};
