import { drain } from "./drain.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";

const COUNT = 60_000;

/** The same two workers at one server, or each at its own; Redis carries the wake-ups either way. */
const rateWith = async (bench: Bench, servers: number): Promise<number> => {
  await using ground = await groundFor(bench, "joblib", { servers, withRedis: true });
  const roles = [0, 1].map((worker) => {
    const { url } = ground.servers[worker % servers] ?? ground.place;
    return { subject: "joblib", setting: "fast", place: { ...ground.place, url } } as const;
  });
  const [role] = roles;
  if (role === undefined) throw new Error("there is no worker");
  const backlog = { count: bench.isQuick ? COUNT / 2 : COUNT, batch: 1000 };
  return (await drain(role, backlog, roles)).drained;
};

export const servers: readonly Measure[] = [
  {
    gives: { "joblib drain, one server": "tasks/s" },
    withinSeconds: 90,
    run: async (bench) => ({ "joblib drain, one server": await rateWith(bench, 1) }),
  },
  {
    gives: { "joblib drain, two servers": "tasks/s" },
    withinSeconds: 90,
    run: async (bench) => ({ "joblib drain, two servers": await rateWith(bench, 2) }),
  },
];
