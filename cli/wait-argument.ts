/** A number as a person types it: no blanks, no hexadecimal, nothing that `Number` would guess. */
export const DECIMAL = /^-?\d+(\.\d+)?$/;

const UNTIL_THE_END = "until-the-end";

/**
 * Lets `--wait <id>` mean an id that follows and not a number of seconds: the value of an optional option would
 * swallow it otherwise.
 */
export const normalizeWait = (argv: readonly string[]): string[] =>
  argv.flatMap((argument, at) => {
    if (argument !== "--wait") return [argument];
    const next = argv[at + 1];
    return next === undefined || next.startsWith("-") || DECIMAL.test(next)
      ? [argument]
      : [`--wait=${UNTIL_THE_END}`];
  });

/** What commander collected for `--wait`, as its schema wants it. */
export const parseWaitValue = (text: string): string | true => (text === UNTIL_THE_END ? true : text);
