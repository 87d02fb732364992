import { setTimeout as delay } from "node:timers/promises";
import { Process } from "../processes/process.ts";
import type { WaiterCalls } from "../processes/waiters.ts";
import { percentile } from "../statistics.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";
import { openProducer } from "./roles.ts";
import { spacedPickups } from "./spaced.ts";

const GAP_MS = 15;
const WARM_UP = 50;

interface Idle {
  readonly pickupP99: number;
  readonly serverMb: number;
}

/** So many workers wait for the one job; each task goes to one of them. */
const withWaiters = async (bench: Bench, workers: number): Promise<Idle> => {
  await using ground = await groundFor(bench, "joblib");
  const { url, token } = ground.place;
  await using waiters = await Process.start<WaiterCalls>("waiters.ts");
  await waiters.ask("open", { server: { url, token }, workers });
  await using producer = await openProducer({ subject: "joblib", setting: "default", place: ground.place });
  await delay(2000);
  const count = WARM_UP + (bench.isQuick ? 200 : 450);
  const pickups = await spacedPickups(producer, waiters, { count, gapMs: GAP_MS });
  const [server] = ground.servers;
  return { pickupP99: percentile(pickups.slice(WARM_UP), 99), serverMb: server?.residentMb() ?? Number.NaN };
};

export const idle: readonly Measure[] = [
  {
    gives: { "joblib pickup p99, one waits": "ms", "joblib server, one waits": "MB" },
    withinSeconds: 60,
    async run(bench) {
      const { pickupP99, serverMb } = await withWaiters(bench, 1);
      return { "joblib pickup p99, one waits": pickupP99, "joblib server, one waits": serverMb };
    },
  },
  {
    gives: { "joblib pickup p99, 1,000 wait": "ms", "joblib server, 1,000 wait": "MB" },
    withinSeconds: 120,
    async run(bench) {
      const { pickupP99, serverMb } = await withWaiters(bench, 1000);
      return { "joblib pickup p99, 1,000 wait": pickupP99, "joblib server, 1,000 wait": serverMb };
    },
  },
];
