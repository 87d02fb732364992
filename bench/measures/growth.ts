import type { LifecycleCalls } from "../processes/lifecycles.ts";
import { Process } from "../processes/process.ts";
import { type History, seedHistory } from "../services/history.ts";
import { serve } from "../services/product.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";

const WIDTH = 64;
const MILLION = 1_000_000;
const QUICKLY = 100_000;

interface Growth {
  readonly sample: string;
  readonly history?: Omit<History, "rows">;
  readonly jobs?: number;
}

const CASES: readonly Growth[] = [
  { sample: "joblib lifecycles, empty" },
  { sample: "joblib lifecycles, 1 M finished", history: { status: "completed", job: "Noop" } },
  { sample: "joblib lifecycles, 1 M pending of the job", history: { status: "pending", job: "Noop" } },
  { sample: "joblib lifecycles, 1 M pending of another", history: { status: "pending", job: "Noop1" } },
  { sample: "joblib lifecycles, 100 jobs", jobs: 100 },
];

/** A process that lives tasks' lives, its jobs announced. */
export const openLifecycles = async (
  server: { url: string; token: string },
  jobs = 1,
): Promise<Process<LifecycleCalls>> => {
  const process = await Process.start<LifecycleCalls>("lifecycles.ts");
  const { url, token } = server;
  await process.ask("open", { server: { url, token }, jobs });
  return process;
};

/** A database with both jobs and the rows in it; made once, and copied. */
const withHistory = ({ services, isQuick }: Bench, { sample, history }: Growth): Promise<string> =>
  services.seeded(sample, async (databaseUrl) => {
    {
      await using server = await serve({ databaseUrl });
      await using _announced = await openLifecycles(server, 2);
    }
    if (history !== undefined)
      await seedHistory(databaseUrl, { ...history, rows: isQuick ? QUICKLY : MILLION });
  });

const lifecyclesOf = async (bench: Bench, growth: Growth): Promise<number> => {
  const copyOf = await withHistory(bench, growth);
  await using ground = await groundFor(bench, "joblib", { copyOf });
  await using lives = await openLifecycles(ground.place, growth.jobs);
  await lives.ask("run", { width: WIDTH, seconds: 1 });
  return await lives.ask("run", { width: WIDTH, seconds: bench.isQuick ? 2 : 4 });
};

/** Full lives, one task with a request and 64 in flight, by what lies in the table. */
export const growth: readonly Measure[] = CASES.map((one) => ({
  gives: { [one.sample]: "tasks/s" },
  withinSeconds: 240,
  run: async (bench) => ({ [one.sample]: await lifecyclesOf(bench, one) }),
}));
