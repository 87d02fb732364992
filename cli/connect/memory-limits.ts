/**
 * Memory limits of a server. By default V8 lets each half of the young generation grow to 64 MB and never
 * shrinks it, and on a large machine it collects the old generation late: a server with 1,000 waiting
 * workers used 351 MB, of which 60 MB were live. With halves of 8 MB it used 230 to 280 MB. When the first
 * full collection also ran at 64 MB and the next ones at 2.5 times the live size, it used 215 MB. At 1.5
 * times the live size, it used 190 to 200 MB, at the cost of 10 to 15 % more CPU time per task while
 * workers emptied a queue. Method: docs/appendix/benchmark-method.md.
 */
const V8_FLAGS = ["--max-semi-space-size=8", "--initial-old-space-size=64", "--heap-growing-percent=150"];

function isServeCommand(argv: readonly string[]) {
  return argv.slice(2).find((argument) => !argument.startsWith("-")) === "serve";
}

export type RestartableProcess = Pick<
  NodeJS.Process,
  "argv" | "execArgv" | "execPath" | "env" | "platform" | "channel" | "execve"
>;

/**
 * Limits the memory of a server. V8 reads these flags only when it starts, so the process replaces itself
 * (execve) and keeps its id, streams and signals. Does nothing if the user has set one of these flags
 * (`NODE_OPTIONS=--max-semi-space-size=64`), if an IPC channel to the parent process would be lost, or if
 * Node.js does not support execve.
 */
export function limitMemory(target: RestartableProcess): void {
  if (
    !isServeCommand(target.argv) ||
    target.execve === undefined ||
    target.platform === "win32" ||
    target.channel
  )
    return;
  const userOptions = [...target.execArgv, target.env["NODE_OPTIONS"] ?? ""];
  if (userOptions.some((option) => option.includes("semi-space-size") || option.includes("semi_space_size")))
    return;
  const flags = [...V8_FLAGS, ...target.execArgv];
  target.execve(target.execPath, [target.execPath, ...flags, ...target.argv.slice(1)], target.env);
}
