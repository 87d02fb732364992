import { setTimeout as delay } from "node:timers/promises";
import { median } from "../statistics.ts";
import type { SubjectName } from "../subjects/subjects.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";
import { openProducer, openWorker } from "./roles.ts";
import { spacedPickups } from "./spaced.ts";

const GAP_MS = 20;
const WARM_UP = 20;

interface Latencies {
  readonly pickup: number;
  readonly endToEnd: number;
}

/** One worker that waits, in its default setting, and one task now and then: medians in milliseconds. */
const latenciesOf = async (bench: Bench, subject: SubjectName): Promise<Latencies> => {
  await using ground = await groundFor(bench, subject);
  const role = { subject, setting: "default", place: ground.place } as const;
  await using producer = await openProducer(role);
  await using worker = await openWorker(role);
  await worker.ask("start");
  await delay(1000);

  const some = { count: (bench.isQuick ? 100 : 200) + WARM_UP, gapMs: GAP_MS };
  const pickups = await spacedPickups(producer, worker, some);
  const roundTrips = await producer.ask("roundTrips", some);
  return { pickup: median(pickups.slice(WARM_UP)), endToEnd: median(roundTrips.slice(WARM_UP)) };
};

export const latencies: readonly Measure[] = [
  {
    gives: { "joblib pickup p50": "ms", "joblib end to end p50": "ms" },
    withinSeconds: 60,
    async run(bench) {
      const { pickup, endToEnd } = await latenciesOf(bench, "joblib");
      return { "joblib pickup p50": pickup, "joblib end to end p50": endToEnd };
    },
  },
  {
    gives: { "BullMQ pickup p50, default": "ms", "BullMQ end to end p50, default": "ms" },
    withinSeconds: 60,
    async run(bench) {
      const { pickup, endToEnd } = await latenciesOf(bench, "bullmq");
      return { "BullMQ pickup p50, default": pickup, "BullMQ end to end p50, default": endToEnd };
    },
  },
];
