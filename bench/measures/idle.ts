import { setTimeout as delay } from "node:timers/promises";
import { Process } from "../processes/process.ts";
import type { WaiterCalls } from "../processes/waiters.ts";
import { percentile } from "../statistics.ts";
import type { Bench, Measure } from "./measure.ts";
import { measurePickups } from "./pickups.ts";
import { openProducer } from "./roles.ts";
import { createSetup } from "./setup.ts";

const GAP_MS = 15;
const WARM_UP = 50;

interface Idle {
  readonly pickupP99: number;
  readonly serverMb: number;
}

/** Measures pickup times and memory while the given number of workers waits for tasks of one job. */
const measureIdle = async (bench: Bench, workers: number): Promise<Idle> => {
  await using setup = await createSetup(bench, "joblib");
  const { url, token } = setup.endpoints;
  await using waiters = await Process.start<WaiterCalls>("waiters.ts");
  await waiters.call("open", { server: { url, token }, workers });
  await using producer = await openProducer({
    subject: "joblib",
    setting: "default",
    endpoints: setup.endpoints,
  });
  await delay(2000);
  const count = WARM_UP + (bench.isQuick ? 200 : 450);
  const pickups = await measurePickups(producer, waiters, { count, gapMs: GAP_MS });
  const [server] = setup.servers;
  return { pickupP99: percentile(pickups.slice(WARM_UP), 99), serverMb: server?.residentMb() ?? Number.NaN };
};

export const idle: readonly Measure[] = [
  {
    units: { "joblib pickup p99, one worker": "ms", "joblib server, one worker": "MB" },
    timeoutSeconds: 60,
    async run(bench) {
      const { pickupP99, serverMb } = await measureIdle(bench, 1);
      return { "joblib pickup p99, one worker": pickupP99, "joblib server, one worker": serverMb };
    },
  },
  {
    units: { "joblib pickup p99, 1,000 workers": "ms", "joblib server, 1,000 workers": "MB" },
    timeoutSeconds: 120,
    async run(bench) {
      const { pickupP99, serverMb } = await measureIdle(bench, 1000);
      return { "joblib pickup p99, 1,000 workers": pickupP99, "joblib server, 1,000 workers": serverMb };
    },
  },
];
