import { setTimeout as delay } from "node:timers/promises";
import { median } from "../statistics.ts";
import type { Bench, Measure, Samples, Unit } from "./measure.ts";
import { measurePickups } from "./pickups.ts";
import { openProducer, openWorker, type Role } from "./roles.ts";
import { createSetup, type SetupOptions } from "./setup.ts";

const GAP_MS = 20;
const WARM_UP = 20;

/** A library with a setting, and the names of its samples. */
interface Latency extends Omit<Role, "endpoints">, Pick<SetupOptions, "redis"> {
  readonly pickup: string;
  /** Name of the sample. Undefined if the library does not report results to the submitter. */
  readonly endToEnd?: string;
}

const LATENCIES: readonly Latency[] = [
  {
    pickup: "joblib pickup p50",
    endToEnd: "joblib end to end p50",
    subject: "joblib",
    setting: "default",
  },
  {
    pickup: "BullMQ pickup p50",
    endToEnd: "BullMQ end to end p50",
    subject: "bullmq",
    setting: "default",
  },
  {
    pickup: "BullMQ on PostgreSQL pickup p50",
    endToEnd: "BullMQ on PostgreSQL end to end p50",
    subject: "bullmq-on-postgres",
    setting: "default",
  },
  {
    pickup: "BullMQ with appendfsync always pickup p50",
    endToEnd: "BullMQ with appendfsync always end to end p50",
    subject: "bullmq",
    redis: "durable",
    setting: "default",
  },
  { pickup: "graphile-worker pickup p50", subject: "graphile-worker", setting: "default" },
  { pickup: "pg-boss with NOTIFY pickup p50", subject: "pg-boss", setting: "fast" },
];

/**
 * Measures the latency of single tasks that are submitted while one worker waits. The samples are
 * medians in milliseconds.
 */
const measureLatencies = async (
  bench: Bench,
  { pickup, endToEnd, redis, ...library }: Latency,
): Promise<Samples> => {
  await using setup = await createSetup(bench, library.subject, redis && { redis });
  const role = { ...library, endpoints: setup.endpoints };
  await using producer = await openProducer(role);
  await using worker = await openWorker(role);
  await worker.call("start");
  await delay(1000);

  const series = { count: (bench.isQuick ? 100 : 200) + WARM_UP, gapMs: GAP_MS };
  const pickups = await measurePickups(producer, worker, series);
  const samples = { [pickup]: median(pickups.slice(WARM_UP)) };
  if (endToEnd === undefined) return samples;
  const roundTrips = await producer.call("roundTrips", series);
  return { ...samples, [endToEnd]: median(roundTrips.slice(WARM_UP)) };
};

export const latencies: readonly Measure[] = LATENCIES.map((one) => {
  const samples = [one.pickup, one.endToEnd].filter((name) => name !== undefined);
  return {
    units: Object.fromEntries(samples.map((name) => [name, "ms"] satisfies [string, Unit])),
    timeoutSeconds: 60,
    run: (bench) => measureLatencies(bench, one),
  };
});
