import type { Command, Option } from "commander";

/** A line as far as it is typed: which command it is, and what is asked for at its end. */
export interface Line {
  readonly command: Command;
  /** Typed already of the word that is asked for. */
  readonly current: string;
  /** The option whose value is asked for. */
  readonly option: Option | undefined;
  /** The name of a flag that is not the command's own, whose value may be asked for: a job's parameter. */
  readonly flag: string | undefined;
  /** Arguments that are there, in their order. */
  readonly operands: readonly string[];
  /** Values of options, by their names: those of all commands on the way. */
  readonly values: Readonly<Record<string, unknown>>;
}

const chainOf = (command: Command): Command[] =>
  command.parent === null ? [command] : [command, ...chainOf(command.parent)];

/** All options that the command takes, those of the commands above it included. */
export const listOptions = (command: Command): Option[] =>
  chainOf(command).flatMap(({ options }) => options.filter(({ hidden }) => !hidden));

const takesValue = (option: Option) => option.required || option.optional;

const noted = (values: Record<string, unknown>, option: Option, value: string) => {
  const name = option.attributeName();
  const before = values[name];
  values[name] = name === "room" ? [...(Array.isArray(before) ? before : []), value] : value;
};

/** Reads a line by its program; the last word is the one that is asked for. */
export const readLine = (program: Command, words: readonly string[]): Line => {
  const current = words.at(-1) ?? "";
  const values: Record<string, unknown> = {};
  const operands: string[] = [];
  let command = program;
  let open: Option | undefined;
  let flag: string | undefined;
  for (const word of words.slice(0, -1)) {
    if (open !== undefined && (open.required || !word.startsWith("-"))) {
      noted(values, open, word);
      open = undefined;
      continue;
    }
    open = undefined;
    if (word.startsWith("-")) {
      const [name = "", given] = word.split("=", 2);
      const option = listOptions(command).find(({ long, short }) => long === name || short === name);
      flag = option === undefined ? name.slice(2) : undefined;
      if (option === undefined || !takesValue(option)) continue;
      if (given === undefined) open = option;
      else noted(values, option, given);
      continue;
    }
    if (flag !== undefined) {
      flag = undefined;
      continue;
    }
    const inner = command.commands.find((one) => one.name() === word);
    if (inner !== undefined && operands.length === 0) command = inner;
    else operands.push(word);
  }
  return { command, current, option: open, flag, operands, values };
};
