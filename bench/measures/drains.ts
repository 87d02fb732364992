import { drain } from "./drain.ts";
import type { Bench, Measure, Samples, Unit } from "./measure.ts";
import type { Role } from "./roles.ts";
import { createSetup, type SetupOptions } from "./setup.ts";

const SECONDS = 90;
/** Number of tasks per call. Each library decides how to send the tasks of a call. */
const BATCH = 10_000;
/**
 * Numbers of tasks that take several seconds to process. With only 50,000 tasks, a bulk submit took
 * 1.2 s, and the results of different rounds differed by 60 %.
 */
const LARGE_BACKLOG = 80_000;
const SMALL_BACKLOG = 12_000;

/** A backlog to submit and process, and the names of its samples. */
interface Drain extends Omit<Role, "endpoints">, Pick<SetupOptions, "redis"> {
  readonly drained: string;
  readonly submitted?: string;
  readonly count: number;
}

const DRAINS: readonly Drain[] = [
  {
    drained: "joblib drain, fast",
    submitted: "joblib bulk submit",
    subject: "joblib",
    setting: "fast",
    count: LARGE_BACKLOG,
  },
  {
    drained: "BullMQ drain, fast",
    submitted: "BullMQ bulk submit",
    subject: "bullmq",
    setting: "fast",
    count: LARGE_BACKLOG,
  },
  {
    drained: "graphile-worker drain, fast",
    subject: "graphile-worker",
    setting: "fast",
    count: LARGE_BACKLOG,
  },
  {
    drained: "BullMQ on PostgreSQL drain, fast",
    subject: "bullmq-on-postgres",
    setting: "fast",
    count: LARGE_BACKLOG,
  },
  {
    drained: "BullMQ with appendfsync always drain, fast",
    subject: "bullmq",
    redis: "durable",
    setting: "fast",
    count: LARGE_BACKLOG,
  },
  {
    drained: "joblib drain, one task per request",
    subject: "joblib",
    setting: "one-per-request",
    count: SMALL_BACKLOG,
  },
  { drained: "BullMQ drain, default", subject: "bullmq", setting: "default", count: SMALL_BACKLOG },
];

const measureDrain = async (
  bench: Bench,
  { drained, submitted, redis, count, ...role }: Drain,
): Promise<Samples> => {
  await using setup = await createSetup(bench, role.subject, redis && { redis });
  const { endpoints } = setup;
  const backlog = { count: bench.isQuick ? count / 2 : count, batch: BATCH };
  const rates = await drain({ ...role, endpoints }, backlog);
  return { ...(submitted && { [submitted]: rates.submitted }), [drained]: rates.drained };
};

export const drains: readonly Measure[] = DRAINS.map((one) => {
  const samples = [one.submitted, one.drained].filter((name) => name !== undefined);
  return {
    units: Object.fromEntries(samples.map((name) => [name, "tasks/s"] satisfies [string, Unit])),
    timeoutSeconds: SECONDS,
    run: (bench) => measureDrain(bench, one),
  };
});
