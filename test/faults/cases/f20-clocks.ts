import { resolve } from "node:path";
import { submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { runUnderLoad } from "../run/load.ts";

const HOUR_MS = 3_600_000;
const PRELOAD = `--import ${resolve(import.meta.dirname, "../cluster/skewed-clock.mjs")}`;
const skewed = (ms: number) => ({ NODE_OPTIONS: PRELOAD, CLOCK_SKEW_MS: String(ms) });

/**
 * One server's clock is five minutes fast and the other server's clock is five minutes slow. The
 * workers' clocks are wrong by an hour. Only the clock of the database may affect the results.
 */
export const wrongClocks: FaultCase = {
  name: "F20 the clocks of servers and workers are wrong",
  invariants: ["I15", "I3", "I7"],
  cluster: { each: [skewed(HOUR_MS / 12), skewed(-HOUR_MS / 12)] },
  async run(context) {
    context.fault("clocks wrong");
    const ahead = await context.workerProcess("ahead", { env: skewed(HOUR_MS) });
    await context.workerProcess("behind", { server: 1, env: skewed(-HOUR_MS) });
    const options = { max_attempts: 10, delay_seconds: 1 };
    const work = { prefix: "w", count: 10, job: "Work", payload: { ms: 200 }, options };
    await submitMany(context.client("a", { server: 0 }), work);
    await submitMany(context.client("b", { server: 1 }), { ...work, prefix: "v" });
    await runUnderLoad(context, {}, async () => {
      await context.pause(1500);
      await ahead.kill(context.maxSweepDelayMs);
      await context.pause(1500);
    });
  },
};
