import { drain } from "./drain.ts";
import type { Measure } from "./measure.ts";
import { createSetup } from "./setup.ts";

const COUNT = 20_000;

/**
 * Submits and processes a backlog three times in the same table. There is no pause in between, so
 * autovacuum cannot run.
 */
export const thirdDrain: Measure = {
  units: { "joblib first drain": "tasks/s", "joblib third drain": "tasks/s" },
  timeoutSeconds: 150,
  async run(bench) {
    await using setup = await createSetup(bench, "joblib");
    const role = { subject: "joblib", setting: "fast", endpoints: setup.endpoints } as const;
    const backlog = { count: bench.isQuick ? COUNT / 2 : COUNT, batch: 1000 };
    const first = await drain(role, backlog);
    await drain(role, backlog);
    const third = await drain(role, backlog);
    return { "joblib first drain": first.drained, "joblib third drain": third.drained };
  },
};
