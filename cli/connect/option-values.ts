/** Matches a decimal number. `Number` would also accept spaces and hexadecimal digits. */
export const DECIMAL = /^-?\d+(\.\d+)?$/;

const UNTIL_END = "until-end";

/**
 * Replaces `--wait <id>` by `--wait=until-end <id>`. Otherwise commander would use the id as the
 * optional value of `--wait`, which is a number of seconds.
 */
export function normalizeWait(argv: readonly string[]): string[] {
  return argv.flatMap((argument, index) => {
    if (argument !== "--wait") return [argument];
    const next = argv[index + 1];
    return next === undefined || next.startsWith("-") || DECIMAL.test(next)
      ? [argument]
      : [`--wait=${UNTIL_END}`];
  });
}

/** Converts the value of `--wait` to the input of its schema: `until-end` becomes true. */
export function parseWaitValue(text: string): string | true {
  return text === UNTIL_END ? true : text;
}

/** Collects the values of an option that can be repeated. */
export function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

/**
 * Converts the name of a property or setting to the name of an option: `dataDir` and `data_dir` to
 * `data-dir`.
 */
export function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
}
