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

/** Takes the cases by turns, there and back, and gives the rate of each. */
const byTurns = async (
  lives: ReadonlyMap<Growth, Process<LifecycleCalls>>,
  turns: number,
): Promise<Map<Growth, number>> => {
  const rates = new Map([...lives.keys()].map((one) => [one, [] as number[]]));
  for (let turn = 0; turn < turns; turn += 1) {
    const order = [...lives];
    for (const [one, process] of turn % 2 === 0 ? order : order.reverse())
      rates.get(one)?.push(await process.ask("run", { width: WIDTH, seconds: 1 }));
  }
  return new Map([...rates].map(([one, of]) => [one, of.reduce((sum, rate) => sum + rate, 0) / of.length]));
};

/**
 * Full lives, one task with a request and 64 in flight, by what lies in the table. All cases are there at once, each with a
 * server and a database of its own, and take seconds in turn: the machine's speed changes by a third within a minute.
 */
export const growth: Measure = {
  gives: Object.fromEntries(CASES.map(({ sample }) => [sample, "tasks/s"])),
  withinSeconds: 400,
  async run(bench) {
    await using open = new AsyncDisposableStack();
    const lives = new Map<Growth, Process<LifecycleCalls>>();
    const histories = new Map<Growth, string>();
    // All of them first: they take minutes, and a worker that waits for so long without a word is dead.
    for (const one of CASES) histories.set(one, await withHistory(bench, one));
    for (const [one, copyOf] of histories) {
      const { place } = open.use(await groundFor(bench, "joblib", { copyOf }));
      lives.set(one, open.use(await openLifecycles(place, one.jobs)));
    }
    await byTurns(lives, 1);
    const rates = await byTurns(lives, bench.isQuick ? 2 : 4);
    return Object.fromEntries([...rates].map(([{ sample }, rate]) => [sample, rate]));
  },
};
