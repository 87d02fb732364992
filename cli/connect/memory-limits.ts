/**
 * V8 flags that reduce the memory of a server. With V8's defaults, a server with 1,000 waiting
 * workers used 351 MB, of which only 60 MB were reachable objects. `--max-semi-space-size=8` limits
 * each half of the young generation to 8 MB; by default it grows to 64 MB and never shrinks. With
 * only this flag, the server used 230 to 280 MB. `--initial-old-space-size=64` starts the first
 * full garbage collection at 64 MB, and `--heap-growing-percent=150` starts each following one at
 * 1.5 times the size of the reachable objects. With all three flags, the server used 190 to 200 MB,
 * at the cost of 10 to 15 % more CPU time per task while workers emptied a queue. Method:
 * docs/appendix/benchmark-method.md.
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
 * Limits the memory of a server. V8 reads these flags only when it starts, so the process replaces
 * itself (execve); it keeps its id, streams and signals. Does nothing if the user has set the size
 * of the young generation (`NODE_OPTIONS=--max-semi-space-size=64`), if the channel to a parent
 * process would be lost, or if Node.js does not support execve.
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
