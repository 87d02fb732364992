import { parseArgs } from "node:util";

export const USAGE = `npm run test:faults -- [--seed N] [--minutes N] [--case NAME]… [--plants | --no-plants] [--soak] [--figures] [--keep]

  --seed N        repeat the schedule of a run; its seed is printed first
  --minutes N     a soak: the cases again and again, with other seeds, for so long
  --soak          one long history under load for --minutes (10), in the place of the cases
  --case NAME     only cases whose name begins so, F13 for one; may be repeated
  --plants        only the planted defects
  --no-plants     without them
  --figures       write the run's results into docs/appendix/fault-catalogue.md
  --keep          keep the histories of cases that passed too
`;

/** What a run is asked. */
export interface Options {
  readonly seed: number;
  readonly minutes: number | undefined;
  readonly cases: readonly string[];
  readonly plants: "with" | "without" | "only";
  readonly soak: boolean;
  readonly figures: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

const numberOf = (text: string | undefined, name: string): number | undefined => {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number, not ${text}`);
  return number;
};

/** Reads the command line; without a seed one is made up, to be printed. */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      minutes: { type: "string" },
      case: { type: "string", multiple: true, default: [] },
      plants: { type: "boolean" },
      soak: { type: "boolean", default: false },
      figures: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
    allowNegative: true,
  });
  const { plants } = values;
  if (values.figures && values.case.length > 0) throw new Error("--figures are of all cases, not of some");
  return {
    seed: numberOf(values.seed, "seed") ?? Math.floor(Math.random() * 2 ** 32),
    minutes: numberOf(values.minutes, "minutes"),
    cases: values.case,
    plants: plants === undefined ? "with" : plants ? "only" : "without",
    soak: values.soak,
    figures: values.figures,
    keep: values.keep,
    help: values.help,
  };
};
