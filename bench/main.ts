import { parseArgs } from "node:util";
import { endLeftoverProcesses } from "../test/support/processes.ts";
import { describeMachine, getLoadWarning } from "./machine.ts";
import type { Measure } from "./measures/measure.ts";
import { measures, queueMeasures } from "./measures/measures.ts";
import { formatTable, writeJson } from "./report.ts";
import { runRounds } from "./rounds.ts";
import { queueRows, type Row, rows } from "./rows.ts";
import { Services } from "./services/services.ts";

const USAGE = `npm run bench -- [--quick] [--queues] [--only NAME]… [--rounds N] [--json FILE]

  --quick        run one round with fewer tasks, to test the benchmark itself
  --queues       compare the batching task queue with the simple one instead of joblib with other libraries
  --only NAME    measure only this row and its baseline; may be repeated
  --rounds N     number of rounds (default: 3)
  --json FILE    write the rows to a JSON file
`;

/** Time limit of a run, after which no further measurement starts. */
const MAX_SECONDS = 24 * 60;

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      queues: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 3) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds must be an integer of at least 1");
  return { ...values, rounds };
};

const selectRows = (rows: readonly Row[], names: readonly string[]): readonly Row[] => {
  const unknown = names.find((name) => !rows.some((row) => row.name === name));
  if (unknown !== undefined) {
    throw new Error(`Row ${unknown} not found. The rows are ${rows.map(({ name }) => name).join(", ")}.`);
  }
  return names.length === 0 ? rows : rows.filter(({ name }) => names.includes(name));
};

const selectMeasures = (measures: readonly Measure[], samples: ReadonlySet<string>): readonly Measure[] =>
  measures.filter(({ units }) => Object.keys(units).some((name) => samples.has(name)));

const runBenchmark = async (): Promise<void> => {
  const options = readOptions();
  if (options.help) return void process.stdout.write(USAGE);
  const [allRows, allMeasures] = options.queues ? [queueRows, queueMeasures] : [rows, measures];
  const selected = selectRows(allRows, options.only);
  const began = performance.now();
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  log(describeMachine());
  const warning = getLoadWarning();
  if (warning !== undefined) log(warning);

  await using open = new AsyncDisposableStack();
  open.defer(async () => void (await endLeftoverProcesses()));
  const services = open.use(await Services.start());
  const samples = new Set(selected.flatMap(({ sample, baselines }) => [sample, ...baselines]));
  const rounds = await runRounds(
    { services, samples, isQuick: options.quick },
    selectMeasures(allMeasures, samples),
    {
      rounds: options.rounds,
      seconds: MAX_SECONDS,
      log,
    },
  );

  process.stdout.write(
    `\n${describeMachine()}; median of ${rounds.length} round(s)\n\n${formatTable(selected, rounds)}\n`,
  );
  log(`${Math.round((performance.now() - began) / 1000)} s`);
  if (options.json !== undefined) writeJson(options.json, selected, rounds);
};

await runBenchmark();
