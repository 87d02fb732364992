import { parseArgs } from "node:util";
import { endLeftProcesses } from "../test/support/processes.ts";
import type { Measure } from "./measures/measure.ts";
import { measures } from "./measures/measures.ts";
import { table, writeJson } from "./report.ts";
import { runRounds } from "./rounds.ts";
import { type Row, rows } from "./rows.ts";
import { Services } from "./services/services.ts";
import { machine, weather } from "./weather.ts";

const USAGE = `npm run bench -- [--quick] [--only NAME]… [--rounds N] [--json FILE]

  --quick        one round of fewer tasks: does it all work?
  --only NAME    one row, and what it is compared with; may be repeated
  --rounds N     3
  --json FILE    write the rows
`;

/** However slow the machine is: after so long no further measurement begins. */
const LONGEST_SECONDS = 20 * 60;

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 3) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds must be a number from 1 on");
  return { ...values, rounds };
};

const chosenRows = (names: readonly string[]): readonly Row[] => {
  const strange = names.find((name) => !rows.some((row) => row.name === name));
  if (strange !== undefined) {
    throw new Error(`there is no row ${strange}; there are ${rows.map(({ name }) => name).join(", ")}`);
  }
  return names.length === 0 ? rows : rows.filter(({ name }) => names.includes(name));
};

const neededFor = (chosen: readonly Row[]): readonly Measure[] => {
  const samples = new Set(chosen.flatMap(({ of, per = of }) => [of, per]));
  return measures.filter(({ gives }) => Object.keys(gives).some((name) => samples.has(name)));
};

const bench = async (): Promise<void> => {
  const options = readOptions();
  if (options.help) return void process.stdout.write(USAGE);
  const chosen = chosenRows(options.only);
  const began = performance.now();
  const watch = (line: string) => void process.stderr.write(`${line}\n`);
  watch(machine());
  const warning = weather();
  if (warning !== undefined) watch(warning);

  await using open = new AsyncDisposableStack();
  open.defer(async () => void (await endLeftProcesses()));
  const services = open.use(await Services.start());
  const rounds = await runRounds({ services, isQuick: options.quick }, neededFor(chosen), {
    rounds: options.rounds,
    seconds: LONGEST_SECONDS,
    watch,
  });

  process.stdout.write(`\n${machine()}; median of ${rounds.length} round(s)\n\n${table(chosen, rounds)}\n`);
  watch(`${Math.round((performance.now() - began) / 1000)} s`);
  if (options.json !== undefined) writeJson(options.json, chosen, rounds);
};

await bench();
