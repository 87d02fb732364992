import { setTimeout as delay } from "node:timers/promises";
import { Process } from "../processes/process.ts";
import type { WaiterCalls } from "../processes/waiters.ts";
import { seedWorkers } from "../services/seed-workers.ts";
import { percentile } from "../statistics.ts";
import type { Bench, Measure } from "./measure.ts";
import { measurePickups } from "./pickups.ts";
import { openProducer } from "./roles.ts";
import { createSetup } from "./setup.ts";

const GAP_MS = 15;
const WARM_UP = 50;
const SETTLE_MS = 2000;

/** Number of workers for the measurement of memory per worker. */
const MANY_WORKERS = 10_000;
const MANY_WORKERS_QUICK = 2000;

interface Idle {
  readonly pickupP99: number;
  readonly serverMb: number;
}

/** A server with workers that wait for tasks. */
interface IdleServer extends AsyncDisposable {
  /** Starts this many additional workers. */
  addWorkers(count: number): Promise<void>;
  /** Measures pickup times and memory while all workers wait for tasks of the same job. */
  measure(): Promise<Idle>;
}

/** Starts a server and its first workers. */
const openIdleServer = async (bench: Bench, workers: number): Promise<IdleServer> => {
  await using stack = new AsyncDisposableStack();
  const { endpoints, servers } = stack.use(await createSetup(bench, "joblib"));
  const waiters = stack.use(await Process.start<WaiterCalls>("waiters.ts"));
  const producer = stack.use(await openProducer({ subject: "joblib", setting: "default", endpoints }));
  const server = { url: endpoints.url, token: endpoints.token };
  const heartbeatSeconds = await waiters.call("open", { server, workers });
  await delay(SETTLE_MS);
  const owned = stack.move();
  return {
    async addWorkers(count) {
      const ids = await seedWorkers(endpoints.databaseUrl, count);
      await waiters.call("start", { server, ids, heartbeatSeconds });
      await delay(SETTLE_MS);
    },
    async measure() {
      const count = WARM_UP + (bench.isQuick ? 200 : 450);
      const pickups = await measurePickups(producer, waiters, { count, gapMs: GAP_MS });
      const pickupP99 = percentile(pickups.slice(WARM_UP), 99);
      return { pickupP99, serverMb: servers[0]?.residentMb() ?? Number.NaN };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const measureIdle = async (bench: Bench, workers: number): Promise<Idle> => {
  await using server = await openIdleServer(bench, workers);
  return await server.measure();
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
  {
    units: {
      "joblib pickup p99, the first of 10,000": "ms",
      "joblib pickup p99, 10,000 workers": "ms",
      "joblib server, each of 10,000 workers": "KB",
    },
    timeoutSeconds: 300,
    isOnce: true,
    async run(bench) {
      const added = (bench.isQuick ? MANY_WORKERS_QUICK : MANY_WORKERS) - 1;
      await using server = await openIdleServer(bench, 1);
      const one = await server.measure();
      await server.addWorkers(added);
      const all = await server.measure();
      return {
        "joblib pickup p99, the first of 10,000": one.pickupP99,
        "joblib pickup p99, 10,000 workers": all.pickupP99,
        "joblib server, each of 10,000 workers": ((all.serverMb - one.serverMb) * 1024) / added,
      };
    },
  },
];
