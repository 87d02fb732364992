import { median } from "../statistics.ts";
import { drain } from "./drain.ts";
import type { Measure } from "./measure.ts";
import { createSetup, type Setup } from "./setup.ts";

const COUNT = 40_000;
/**
 * Number of tasks in the warm-up. V8 compiles a server's code during its first tasks. Without a
 * warm-up, the measurement with two servers would include this cost twice.
 */
const WARM_UP = 15_000;

/**
 * Measures how fast two workers process a backlog. If there is one server, both workers use it. If
 * there are two, each worker uses its own.
 */
const measureRate = async ({ endpoints, servers }: Setup, count: number): Promise<number> => {
  const roles = [0, 1].map((worker) => {
    const { url } = servers[worker % servers.length] ?? endpoints;
    return { subject: "joblib", setting: "fast", endpoints: { ...endpoints, url } } as const;
  });
  const [role] = roles;
  if (role === undefined) throw new Error("the drain needs a worker");
  return (await drain(role, { count, batch: 1000 }, roles)).drained;
};

/**
 * Measures one server and two servers alternately, each with its own database. Only under equal
 * conditions can a difference of a few per cent be measured.
 */
export const servers: Measure = {
  units: { "joblib drain, one server": "tasks/s", "joblib drain, two servers": "tasks/s" },
  timeoutSeconds: 180,
  async run(bench) {
    await using one = await createSetup(bench, "joblib", { servers: 1, withRedis: true });
    await using two = await createSetup(bench, "joblib", { servers: 2, withRedis: true });
    const count = bench.isQuick ? COUNT / 2 : COUNT;
    for (const setup of [one, two]) await measureRate(setup, WARM_UP);
    const first = await measureRate(one, count);
    const both = [await measureRate(two, count), await measureRate(two, count)];
    const last = await measureRate(one, count);
    return {
      "joblib drain, one server": median([first, last]),
      "joblib drain, two servers": median(both),
    };
  },
};
