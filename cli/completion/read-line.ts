import type { Command, Option } from "commander";

/** A command line that the user is still typing. */
export interface Line {
  readonly command: Command;
  /** The last word, which is incomplete. */
  readonly current: string;
  /** The option whose value is the last word. */
  readonly option: Option | undefined;
  /**
   * The unknown flag before the last word, without dashes. It may be a parameter of a job, and the
   * last word may be its value.
   */
  readonly flag: string | undefined;
  /** The arguments before the last word, in order. */
  readonly operands: readonly string[];
  /** Values of the options by name, including those of parent commands. */
  readonly values: Readonly<Record<string, unknown>>;
}

function getAncestors(command: Command): Command[] {
  return command.parent === null ? [command] : [command, ...getAncestors(command.parent)];
}

/** Lists the options of a command and its parent commands. */
export function listOptions(command: Command): Option[] {
  return getAncestors(command).flatMap(({ options }) => options.filter(({ hidden }) => !hidden));
}

const takesValue = (option: Option) => option.required || option.optional;

function recordValue(values: Record<string, unknown>, option: Option, value: string) {
  const name = option.attributeName();
  const previous = values[name];
  values[name] = name === "room" ? [...(Array.isArray(previous) ? previous : []), value] : value;
}

/** Parses a command line whose last word is incomplete. */
export function readLine(program: Command, words: readonly string[]): Line {
  const current = words.at(-1) ?? "";
  const values: Record<string, unknown> = {};
  const operands: string[] = [];
  let command = program;
  let open: Option | undefined;
  let flag: string | undefined;
  for (const word of words.slice(0, -1)) {
    if (open !== undefined && (open.required || !word.startsWith("-"))) {
      recordValue(values, open, word);
      open = undefined;
      continue;
    }
    open = undefined;
    if (word.startsWith("-")) {
      const [name = "", value] = word.split("=", 2);
      const option = listOptions(command).find(({ long, short }) => long === name || short === name);
      flag = option === undefined ? name.slice(2) : undefined;
      if (option === undefined || !takesValue(option)) continue;
      if (value === undefined) open = option;
      else recordValue(values, option, value);
      continue;
    }
    if (flag !== undefined) {
      flag = undefined;
      continue;
    }
    const inner = command.commands.find((child) => child.name() === word);
    if (inner !== undefined && operands.length === 0) command = inner;
    else operands.push(word);
  }
  return { command, current, option: open, flag, operands, values };
}
