import type { LifecycleCalls } from "../processes/lifecycles.ts";
import { Process } from "../processes/process.ts";
import { serve } from "../services/joblib-server.ts";
import { type ExistingTasks, seedTasks } from "../services/seed-tasks.ts";
import type { Bench, Measure } from "./measure.ts";
import { createSetup } from "./setup.ts";

const WIDTH = 64;
const MILLION = 1_000_000;
const QUICK_ROWS = 100_000;

interface Growth {
  readonly sample: string;
  readonly existing?: Omit<ExistingTasks, "rows">;
  readonly jobs?: number;
}

const CASES: readonly Growth[] = [
  { sample: "joblib lifecycles, empty" },
  { sample: "joblib lifecycles, 1 M finished", existing: { status: "completed", job: "Noop" } },
  { sample: "joblib lifecycles, 1 M pending of the job", existing: { status: "pending", job: "Noop" } },
  { sample: "joblib lifecycles, 1 M pending of another", existing: { status: "pending", job: "Noop1" } },
  { sample: "joblib lifecycles, 100 jobs", jobs: 100 },
  { sample: "joblib lifecycles, 3,000 jobs", jobs: 3000 },
];

/** Starts a process that runs full task lifecycles, and registers the jobs of its worker. */
export const openLifecycles = async (
  server: { url: string; token: string },
  jobs = 1,
): Promise<Process<LifecycleCalls>> => {
  const process = await Process.start<LifecycleCalls>("lifecycles.ts");
  const { url, token } = server;
  await process.call("open", { server: { url, token }, jobs });
  return process;
};

/**
 * Creates a database with two registered jobs and, if requested, existing tasks. The database is
 * created once per run, and each measurement uses a copy.
 */
export const createSeededDatabase = (
  { services }: Pick<Bench, "services">,
  name: string,
  existing?: ExistingTasks,
): Promise<string> =>
  services.createSeeded(name, async (databaseUrl) => {
    {
      await using server = await serve({ databaseUrl });
      await using _registered = await openLifecycles(server, 2);
    }
    if (existing !== undefined) await seedTasks(databaseUrl, existing);
  });

/** Measures the cases alternately, in both orders. Returns the mean rate of each case. */
const measureAlternately = async (
  lifecycles: ReadonlyMap<Growth, Process<LifecycleCalls>>,
  turns: number,
): Promise<Map<Growth, number>> => {
  const rates = new Map([...lifecycles.keys()].map((one) => [one, [] as number[]]));
  for (let turn = 0; turn < turns; turn += 1) {
    const order = [...lifecycles];
    for (const [one, process] of turn % 2 === 0 ? order : order.reverse())
      rates.get(one)?.push(await process.call("run", { width: WIDTH, seconds: 1 }));
  }
  return new Map(
    [...rates].map(([one, all]) => [one, all.reduce((sum, rate) => sum + rate, 0) / all.length]),
  );
};

/**
 * Measures how the contents of the tables affect the rate of full task lifecycles, with one task
 * per request and 64 tasks in flight. Each case has its own server and database. The cases
 * alternate every second, because the speed of a machine may change by a third within a minute.
 */
export const growth: Measure = {
  units: Object.fromEntries(CASES.map(({ sample }) => [sample, "tasks/s"])),
  timeoutSeconds: 400,
  async run(bench) {
    await using open = new AsyncDisposableStack();
    const lifecycles = new Map<Growth, Process<LifecycleCalls>>();
    const databases = new Map<Growth, string>();
    const rows = bench.isQuick ? QUICK_ROWS : MILLION;
    // Seeds all databases first, so that no server runs idle for the minutes that seeding takes.
    for (const one of CASES) {
      if (!bench.samples.has(one.sample)) continue;
      const existing = one.existing && { ...one.existing, rows };
      databases.set(one, await createSeededDatabase(bench, one.sample, existing));
    }
    for (const [one, copyOf] of databases) {
      const { endpoints } = open.use(await createSetup(bench, "joblib", { copyOf }));
      lifecycles.set(one, open.use(await openLifecycles(endpoints, one.jobs)));
    }
    await measureAlternately(lifecycles, 1);
    const rates = await measureAlternately(lifecycles, bench.isQuick ? 2 : 4);
    return Object.fromEntries([...rates].map(([{ sample }, rate]) => [sample, rate]));
  },
};
