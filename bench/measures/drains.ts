import { type DrainRates, drain } from "./drain.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";
import type { Role } from "./roles.ts";

const SECONDS = 90;
/** Tasks in one call, whatever its library makes of it. */
const BATCH = 10_000;

const drainOf = async (bench: Bench, role: Omit<Role, "place">, count: number): Promise<DrainRates> => {
  await using ground = await groundFor(bench, role.subject);
  const { place } = ground;
  return await drain({ ...role, place }, { count: bench.isQuick ? count / 2 : count, batch: BATCH });
};

/** Backlogs that last some seconds at the speed that is expected: of 50,000 a bulk submit was 1.2 s, and rounds lay 60 % apart. */
const MANY = 80_000;
const SOME = 12_000;

export const drains: readonly Measure[] = [
  {
    gives: { "joblib bulk submit": "tasks/s", "joblib drain, fast": "tasks/s" },
    withinSeconds: SECONDS,
    async run(bench) {
      const { submitted, drained } = await drainOf(bench, { subject: "joblib", setting: "fast" }, MANY);
      return { "joblib bulk submit": submitted, "joblib drain, fast": drained };
    },
  },
  {
    gives: { "BullMQ addBulk": "tasks/s", "BullMQ drain, fast": "tasks/s" },
    withinSeconds: SECONDS,
    async run(bench) {
      const { submitted, drained } = await drainOf(bench, { subject: "bullmq", setting: "fast" }, MANY);
      return { "BullMQ addBulk": submitted, "BullMQ drain, fast": drained };
    },
  },
  {
    gives: { "graphile-worker drain, fast": "tasks/s" },
    withinSeconds: SECONDS,
    async run(bench) {
      const role = { subject: "graphile-worker", setting: "fast" } as const;
      return { "graphile-worker drain, fast": (await drainOf(bench, role, MANY)).drained };
    },
  },
  {
    gives: { "joblib drain, one task per request": "tasks/s" },
    withinSeconds: SECONDS,
    async run(bench) {
      const role = { subject: "joblib", setting: "one-per-request" } as const;
      return { "joblib drain, one task per request": (await drainOf(bench, role, SOME)).drained };
    },
  },
  {
    gives: { "BullMQ drain, default": "tasks/s" },
    withinSeconds: SECONDS,
    async run(bench) {
      const role = { subject: "bullmq", setting: "default" } as const;
      return { "BullMQ drain, default": (await drainOf(bench, role, SOME)).drained };
    },
  },
];
