import { parseArgs } from "node:util";

export const USAGE = `npm run test:faults -- [--seed N] [--minutes N] [--case NAME]… [--mutants | --no-mutants] [--soak] [--queue NAME] [--write-results] [--keep]

  --seed N          repeat the schedule of an earlier run, which prints its seed first
  --minutes N       repeat the cases with other seeds for N minutes
  --soak            run one long history under load for --minutes (default: 10) instead of the cases
  --case NAME       run only the cases whose name begins with NAME, for example F13; may be repeated
  --mutants         run only the mutants: copies of joblib with a defect
  --no-mutants      skip the mutants
  --queue NAME      task queue of the servers: batching (default) or simple, which skips the mutants
  --write-results   write the results of the run into docs/appendix/fault-catalogue.md
  --keep            also keep the histories of passed cases
`;

/** The parsed command line of a run. */
export interface Options {
  readonly seed: number;
  readonly minutes: number | undefined;
  readonly cases: readonly string[];
  readonly mutants: "with" | "without" | "only";
  readonly soak: boolean;
  readonly queue: "batching" | "simple";
  readonly writeResults: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

const parseNumber = (text: string | undefined, name: string): number | undefined => {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0)
    throw new Error(`--${name} must be a number of at least 0, not ${text}`);
  return number;
};

/** Parses the command line. Without `--seed`, the seed is random. */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      minutes: { type: "string" },
      case: { type: "string", multiple: true, default: [] },
      mutants: { type: "boolean" },
      soak: { type: "boolean", default: false },
      queue: { type: "string", default: "batching" },
      "write-results": { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
    allowNegative: true,
  });
  const { mutants, queue } = values;
  if (queue !== "batching" && queue !== "simple") throw new Error("--queue must be batching or simple");
  if (values["write-results"] && values.case.length > 0)
    throw new Error("--write-results needs all cases. Remove --case.");
  return {
    seed: parseNumber(values.seed, "seed") ?? Math.floor(Math.random() * 2 ** 32),
    minutes: parseNumber(values.minutes, "minutes"),
    cases: values.case,
    // The mutants change statements of the batching queue, so they are not tested with the simple
    // queue.
    mutants: queue === "simple" ? "without" : mutants === undefined ? "with" : mutants ? "only" : "without",
    soak: values.soak,
    queue,
    writeResults: values["write-results"],
    keep: values.keep,
    help: values.help,
  };
};
