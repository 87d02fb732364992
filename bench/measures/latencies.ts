import { setTimeout as delay } from "node:timers/promises";
import { median } from "../statistics.ts";
import type { SubjectName } from "../subjects/subjects.ts";
import type { Bench, Measure } from "./measure.ts";
import { measurePickups } from "./pickups.ts";
import { openProducer, openWorker } from "./roles.ts";
import { createSetup } from "./setup.ts";

const GAP_MS = 20;
const WARM_UP = 20;

interface Latencies {
  readonly pickup: number;
  readonly endToEnd: number;
}

/** Measures one waiting worker with default settings and occasional tasks. Returns medians in milliseconds. */
const measureLatencies = async (bench: Bench, subject: SubjectName): Promise<Latencies> => {
  await using setup = await createSetup(bench, subject);
  const role = { subject, setting: "default", endpoints: setup.endpoints } as const;
  await using producer = await openProducer(role);
  await using worker = await openWorker(role);
  await worker.call("start");
  await delay(1000);

  const series = { count: (bench.isQuick ? 100 : 200) + WARM_UP, gapMs: GAP_MS };
  const pickups = await measurePickups(producer, worker, series);
  const roundTrips = await producer.call("roundTrips", series);
  return { pickup: median(pickups.slice(WARM_UP)), endToEnd: median(roundTrips.slice(WARM_UP)) };
};

export const latencies: readonly Measure[] = [
  {
    units: { "joblib pickup p50": "ms", "joblib end to end p50": "ms" },
    timeoutSeconds: 60,
    async run(bench) {
      const { pickup, endToEnd } = await measureLatencies(bench, "joblib");
      return { "joblib pickup p50": pickup, "joblib end to end p50": endToEnd };
    },
  },
  {
    units: { "BullMQ pickup p50, default": "ms", "BullMQ end to end p50, default": "ms" },
    timeoutSeconds: 60,
    async run(bench) {
      const { pickup, endToEnd } = await measureLatencies(bench, "bullmq");
      return { "BullMQ pickup p50, default": pickup, "BullMQ end to end p50, default": endToEnd };
    },
  },
];
