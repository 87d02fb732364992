/** The exit codes. Scripts rely on these numbers, so their meaning must never change. */
export const EXIT = {
  ok: 0,
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

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Record<keyof typeof EXIT, string> = {
  ok: "success; an awaited task completed",
  taskFailed: "failed: the awaited task, the provider (read) or a check (doctor)",
  usage: "invalid command line, setting or file",
  unreachable: "cannot connect to the server",
  notAllowed: "missing or invalid token, or permission denied",
  rejected: "invalid payload",
  notFound: "not found",
  conflict: "conflict, e.g. a changed job schema; migrate --check: pending migrations",
  notFinished: "the awaited task did not finish in time; read: timed out",
  cancelled: "the awaited task was cancelled",
  serverFailed: "the server failed or is overloaded; read: the provider is offline",
  bug: "a bug in joblib",
  interrupted: "interrupted",
};

const isExitName = (name: string): name is keyof typeof EXIT => Object.hasOwn(EXIT, name);

/** Returns every exit code and its meaning. */
export function listExitCodes(): { readonly code: ExitCode; readonly meaning: string }[] {
  return Object.keys(EXIT)
    .filter(isExitName)
    .map((name) => ({ code: EXIT[name], meaning: MEANINGS[name] }));
}

/** Returns the table of exit codes that `--help` prints. */
export function formatExitCodes(): string {
  return [
    "Exit codes:",
    ...listExitCodes().map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`),
  ].join("\n");
}
