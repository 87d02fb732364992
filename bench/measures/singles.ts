import type { SubjectName } from "../subjects/subjects.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";
import { openProducer, openWorker } from "./roles.ts";

const WIDTH = 64;
const WARM_UP = { count: 1000, seconds: 5, width: WIDTH };

/** One task with a request, 64 in flight; nobody takes them out meanwhile. */
const singlesOf = async (bench: Bench, subject: SubjectName): Promise<number> => {
  await using ground = await groundFor(bench, subject);
  const role = { subject, setting: "default", place: ground.place } as const;
  // A job is there once a worker announced it.
  await using _worker = await openWorker(role);
  await using producer = await openProducer(role);
  await producer.ask("singles", WARM_UP);
  const seconds = bench.isQuick ? 2 : 4;
  return await producer.ask("singles", { count: 1_000_000, seconds, width: WIDTH });
};

export const singles: readonly Measure[] = [
  {
    gives: { "joblib single submits": "tasks/s" },
    withinSeconds: 30,
    run: async (bench) => ({ "joblib single submits": await singlesOf(bench, "joblib") }),
  },
  {
    gives: { "pg-boss single submits, default": "tasks/s" },
    withinSeconds: 30,
    run: async (bench) => ({ "pg-boss single submits, default": await singlesOf(bench, "pg-boss") }),
  },
];
