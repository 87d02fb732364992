import { type DrainRates, drain } from "./drain.ts";
import type { Bench, Measure } from "./measure.ts";
import type { Role } from "./roles.ts";
import { createSetup } from "./setup.ts";

const SECONDS = 90;
/** Number of tasks per call; each library decides how to send them. */
const BATCH = 10_000;

const measureDrain = async (
  bench: Bench,
  role: Omit<Role, "endpoints">,
  count: number,
): Promise<DrainRates> => {
  await using setup = await createSetup(bench, role.subject);
  const { endpoints } = setup;
  return await drain({ ...role, endpoints }, { count: bench.isQuick ? count / 2 : count, batch: BATCH });
};

/**
 * Numbers of tasks that take some seconds to process. With 50,000 tasks a bulk submit took 1.2 s, and rounds differed
 * by 60 %.
 */
const LARGE_BACKLOG = 80_000;
const SMALL_BACKLOG = 12_000;

export const drains: readonly Measure[] = [
  {
    units: { "joblib bulk submit": "tasks/s", "joblib drain, fast": "tasks/s" },
    timeoutSeconds: SECONDS,
    async run(bench) {
      const { submitted, drained } = await measureDrain(
        bench,
        { subject: "joblib", setting: "fast" },
        LARGE_BACKLOG,
      );
      return { "joblib bulk submit": submitted, "joblib drain, fast": drained };
    },
  },
  {
    units: { "BullMQ addBulk": "tasks/s", "BullMQ drain, fast": "tasks/s" },
    timeoutSeconds: SECONDS,
    async run(bench) {
      const { submitted, drained } = await measureDrain(
        bench,
        { subject: "bullmq", setting: "fast" },
        LARGE_BACKLOG,
      );
      return { "BullMQ addBulk": submitted, "BullMQ drain, fast": drained };
    },
  },
  {
    units: { "graphile-worker drain, fast": "tasks/s" },
    timeoutSeconds: SECONDS,
    async run(bench) {
      const role = { subject: "graphile-worker", setting: "fast" } as const;
      return { "graphile-worker drain, fast": (await measureDrain(bench, role, LARGE_BACKLOG)).drained };
    },
  },
  {
    units: { "joblib drain, one task per request": "tasks/s" },
    timeoutSeconds: SECONDS,
    async run(bench) {
      const role = { subject: "joblib", setting: "one-per-request" } as const;
      return {
        "joblib drain, one task per request": (await measureDrain(bench, role, SMALL_BACKLOG)).drained,
      };
    },
  },
  {
    units: { "BullMQ drain, default": "tasks/s" },
    timeoutSeconds: SECONDS,
    async run(bench) {
      const role = { subject: "bullmq", setting: "default" } as const;
      return { "BullMQ drain, default": (await measureDrain(bench, role, SMALL_BACKLOG)).drained };
    },
  },
];
