import { resolve } from "node:path";
import { submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { underLoad } from "../run/load.ts";

const HOUR_MS = 3_600_000;
const PRELOAD = `--import ${resolve(import.meta.dirname, "../cluster/skewed-clock.mjs")}`;
const skewed = (ms: number) => ({ NODE_OPTIONS: PRELOAD, CLOCK_SKEW_MS: String(ms) });

/** One server five minutes ahead, one five behind, workers an hour off either way: the database's clock decides. */
export const wrongClocks: FaultCase = {
  name: "F20 wrong clocks",
  invariants: ["I15", "I3", "I7"],
  cluster: { each: [skewed(HOUR_MS / 12), skewed(-HOUR_MS / 12)] },
  async run(scene) {
    scene.fault("clocks wrong");
    const ahead = await scene.workerProcess("ahead", { env: skewed(HOUR_MS) });
    await scene.workerProcess("behind", { server: 1, env: skewed(-HOUR_MS) });
    const options = { max_attempts: 10, delay_seconds: 1 };
    const work = { prefix: "w", count: 10, job: "Work", payload: { ms: 200 }, options };
    await submitMany(scene.client("a", { server: 0 }), work);
    await submitMany(scene.client("b", { server: 1 }), { ...work, prefix: "v" });
    await underLoad(scene, {}, async () => {
      await scene.pause(1500);
      await ahead.kill(scene.sweepBarMs);
      await scene.pause(1500);
    });
  },
};
