/** What the process says when it ends; scripts rely on these numbers, so they never change their meaning. */
export const EXIT = {
  fine: 0,
  taskFailed: 1,
  usage: 2,
  unreachable: 3,
  notAllowed: 4,
  rejected: 5,
  notFound: 6,
  conflict: 7,
  notFinished: 8,
  cancelled: 10,
  serverFailed: 11,
  bug: 70,
  interrupted: 130,
} as const;

/** One of them. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Record<keyof typeof EXIT, string> = {
  fine: "fine; with --wait: the task completed",
  taskFailed: "with --wait: the task failed; of doctor: something is wrong",
  usage: "the command line, a setting or a file named there is not right",
  unreachable: "the server cannot be reached",
  notAllowed: "not allowed",
  rejected: "the payload was rejected, before or after it was sent",
  notFound: "not found",
  conflict: "conflict: another schema, a task that cannot go there, migrations pending",
  notFinished: "with --wait: not finished when the wait ended",
  cancelled: "with --wait: the task was cancelled",
  serverFailed: "the server failed or is busy",
  bug: "a bug in joblib",
  interrupted: "interrupted",
};

const isName = (name: string): name is keyof typeof EXIT => Object.hasOwn(EXIT, name);

/** Every exit code and what it means. */
export const listExitCodes = (): { readonly code: ExitCode; readonly meaning: string }[] =>
  Object.keys(EXIT)
    .filter(isName)
    .map((name) => ({ code: EXIT[name], meaning: MEANINGS[name] }));

/** The table of exit codes, as `--help` prints it. */
export const formatExitCodes = (): string =>
  [
    "Exit codes:",
    ...listExitCodes().map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`),
  ].join("\n");
