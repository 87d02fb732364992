import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endLeftoverProcesses } from "../support/processes.ts";
import { buildSoak } from "./cases/soak.ts";
import { cases } from "./catalogue.ts";
import { startServices } from "./cluster/services.ts";
import { runMutants } from "./mutants/run-mutants.ts";
import type { RunnerResources } from "./run/case-runner.ts";
import type { FaultCase } from "./run/fault-case.ts";
import { type Options, readOptions, USAGE } from "./run/options.ts";
import { type RunResults, writeResults } from "./run/results-page.ts";
import { runRounds } from "./run/rounds.ts";
import type { CaseResult } from "./run/run-case.ts";
import { RunSummary, type SummaryRow } from "./run/run-summary.ts";

const RUNNERS = 3;
const SOAK_MINUTES = 10;
const CLEANUP_MS = 60_000;
const printLine = (line: string) => void process.stdout.write(`${line}\n`);

/**
 * Returns true if `beginning` consists of the first whole words of a case's name: `F3` matches
 * `F3 clients disconnect …`, but does not match `F33 …`.
 */
const beginsWith = ({ name }: FaultCase, beginning: string) =>
  name.startsWith(beginning) && !/^\w/.test(name.slice(beginning.length));

const selectCases = (names: readonly string[]): readonly FaultCase[] => {
  const unknown = names.find((name) => !cases.some((one) => beginsWith(one, name)));
  if (unknown !== undefined)
    throw new Error(`No case begins with "${unknown}". See test/faults/catalogue.ts.`);
  return names.length === 0 ? cases : cases.filter((one) => names.some((name) => beginsWith(one, name)));
};

const printResult = ({ name, seed, seconds, violations, history, folder }: CaseResult): void => {
  const size = `${seconds.toFixed(1)} s, ${history.operations.length} operations`;
  if (violations.length === 0) {
    printLine(`ok      ${name} (${size})`);
    return;
  }
  printLine(`FAILED  ${name} (${size}), --seed ${seed} --case "${name}", history in ${folder}`);
  for (const { invariant, message } of violations.slice(0, 10)) printLine(`        ${invariant}: ${message}`);
  if (violations.length > 10) printLine(`        and ${violations.length - 10} more`);
};

const toRunResults = (options: Options, rows: readonly SummaryRow[]): RunResults => {
  const kind = options.soak ? "soak" : "cases";
  const minutes = options.minutes === undefined ? "" : ` --minutes ${options.minutes}`;
  const command = `npm run test:faults --${options.soak ? " --soak" : ""}${minutes} --seed ${options.seed}`;
  return { kind, command, rows };
};

const runAll = async (
  options: Options,
  resources: RunnerResources,
  onResult: (isGood: boolean) => void,
): Promise<void> => {
  const summary = new RunSummary();
  const selected = options.soak ? [buildSoak(options.minutes ?? SOAK_MINUTES)] : selectCases(options.cases);
  if (options.mutants !== "only") {
    await runRounds(resources, selected, {
      ...{ seed: options.seed, runners: RUNNERS },
      minutes: options.soak ? undefined : options.minutes,
      onResult(result) {
        printResult(result);
        summary.add(result);
        onResult(result.violations.length === 0);
      },
    });
    for (const line of summary.lines()) printLine(line);
    if (options.writeResults) writeResults(toRunResults(options, summary.rows()));
  }
  if (options.mutants === "without" || options.cases.length > 0 || options.soak) return;
  await runMutants(resources, {
    seed: options.seed,
    onResult({ line, isFound }) {
      printLine(line);
      onResult(isFound);
    },
  });
};

const runFaultSuite = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    printLine(USAGE);
    return;
  }
  printLine(`seed ${options.seed}`);
  // Selects the task queue through the environment, which the servers inherit from this process.
  process.env["JOBLIB_INTERNAL_QUEUE"] = options.queue;
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "joblib-faults-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await endLeftoverProcesses()));
  const services = stack.use(await startServices());
  const results: boolean[] = [];
  await runAll(options, { services, folder, keep: options.keep }, (isGood) => results.push(isGood));

  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
  printLine(`${Math.round((performance.now() - began) / 1000)} s`);
  const passed = results.filter(Boolean).length;
  printLine(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed === results.length ? 0 : 1;
  // Exits the process even if the cleanup hangs, because the results are already printed. The
  // watchdogs then end the child processes.
  setTimeout(() => process.exit(), CLEANUP_MS).unref();
};

await runFaultSuite();
// Exits explicitly, because open handles of a hung case would keep the process alive. Node.js 24
// can also loop forever in Environment::CleanupHandles after thousands of cut connections. The
// watchdogs end the child processes.
process.exit();
