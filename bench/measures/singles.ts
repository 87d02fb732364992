import type { SubjectName } from "../subjects/subjects.ts";
import type { Bench, Measure } from "./measure.ts";
import { openProducer, openWorker } from "./roles.ts";
import { createSetup } from "./setup.ts";

const WIDTH = 64;
const WARM_UP = { count: 1000, seconds: 5, width: WIDTH };
const SUBJECTS = ["joblib", "pg-boss"] as const;

/**
 * Measures submits of one task per request, with 64 requests in flight. No worker runs tasks during
 * the measurement.
 */
const measureSingles = async (bench: Bench, subject: SubjectName): Promise<number> => {
  await using setup = await createSetup(bench, subject);
  const role = { subject, setting: "default", endpoints: setup.endpoints } as const;
  // The worker runs no tasks. It is opened because it registers the job.
  await using _worker = await openWorker(role);
  await using producer = await openProducer(role);
  await producer.call("singles", WARM_UP);
  const seconds = bench.isQuick ? 2 : 4;
  return await producer.call("singles", { count: 1_000_000, seconds, width: WIDTH });
};

export const singles: readonly Measure[] = SUBJECTS.map((subject) => {
  const sample = `${subject} single submits, ${WIDTH} in flight`;
  return {
    units: { [sample]: "tasks/s" },
    timeoutSeconds: 30,
    run: async (bench) => ({ [sample]: await measureSingles(bench, subject) }),
  };
});
