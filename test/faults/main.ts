import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endLeftProcesses } from "../support/processes.ts";
import { soak } from "./cases/soak.ts";
import { cases } from "./catalogue.ts";
import { startServices } from "./cluster/services.ts";
import { runPlants } from "./plants/run-plants.ts";
import type { FaultCase } from "./run/fault-case.ts";
import { type FigureRow, Figures } from "./run/figures.ts";
import { type FiguresPlan, writeFigures } from "./run/figures-page.ts";
import type { LaneHome } from "./run/lane.ts";
import { type Options, readOptions, USAGE } from "./run/options.ts";
import { runRounds } from "./run/rounds.ts";
import type { Verdict } from "./run/run-case.ts";

const LANES = 3;
const SOAK_MINUTES = 10;
const PUT_AWAY_MS = 60_000;
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** `F3` is the beginning of `F3 claims aborted …`, and not of `F33 …`. */
const beginsWith = ({ name }: FaultCase, beginning: string) =>
  name.startsWith(beginning) && !/^\w/.test(name.slice(beginning.length));

const chosenOf = (names: readonly string[]): readonly FaultCase[] => {
  const strange = names.find((name) => !cases.some((one) => beginsWith(one, name)));
  if (strange !== undefined) throw new Error(`no case begins with ${strange}`);
  return names.length === 0 ? cases : cases.filter((one) => names.some((name) => beginsWith(one, name)));
};

const tell = ({ name, seed, seconds, violations, history, folder }: Verdict): void => {
  const size = `${seconds.toFixed(1)} s, ${history.operations.length} operations`;
  if (violations.length === 0) {
    say(`ok      ${name} (${size})`);
    return;
  }
  say(`FAILED  ${name} (${size}), --seed ${seed} --case "${name}", history in ${folder}`);
  for (const { invariant, message } of violations.slice(0, 10)) say(`        ${invariant}: ${message}`);
  if (violations.length > 10) say(`        and ${violations.length - 10} more`);
};

const figuresPlan = (options: Options, rows: readonly FigureRow[]): FiguresPlan => {
  const kind = options.soak ? "soak" : "cases";
  const minutes = options.minutes === undefined ? "" : ` --minutes ${options.minutes}`;
  const command = `npm run test:faults --${options.soak ? " --soak" : ""}${minutes} --seed ${options.seed}`;
  return { kind, command, rows };
};

const runAll = async (options: Options, home: LaneHome, told: (isGood: boolean) => void): Promise<void> => {
  const figures = new Figures();
  const chosen = options.soak ? [soak(options.minutes ?? SOAK_MINUTES)] : chosenOf(options.cases);
  if (options.plants !== "only") {
    await runRounds(home, chosen, {
      ...{ seed: options.seed, lanes: LANES },
      minutes: options.soak ? undefined : options.minutes,
      told(verdict) {
        tell(verdict);
        figures.add(verdict);
        told(verdict.violations.length === 0);
      },
    });
    for (const line of figures.lines()) say(line);
    if (options.figures) writeFigures(figuresPlan(options, figures.rows()));
  }
  if (options.plants === "without" || options.cases.length > 0 || options.soak) return;
  await runPlants(home, {
    seed: options.seed,
    told({ line, isFound }) {
      say(line);
      told(isFound);
    },
  });
};

const faults = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return;
  }
  say(`seed ${options.seed}`);
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "joblib-faults-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await endLeftProcesses()));
  const services = stack.use(await startServices());
  const results: boolean[] = [];
  await runAll(options, { services, folder, keep: options.keep }, (isGood) => results.push(isGood));

  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
  say(`${Math.round((performance.now() - began) / 1000)} s`);
  const passed = results.filter(Boolean).length;
  say(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed === results.length ? 0 : 1;
  // What cannot be put away is left to its leash: the verdict is told.
  setTimeout(() => process.exit(), PUT_AWAY_MS).unref();
};

await faults();
// Not by running out: what a hung case has left open would keep this process alive, and Node 24 was seen to spin for
// ever in its own cleanup (Environment::CleanupHandles) over what thousands of cut connections leave. The leashes end its children.
process.exit();
