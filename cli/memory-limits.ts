/**
 * What V8 is told of a server's memory. Left to itself Node lets either half of the young generation grow to 64 MB and
 * keeps that, and collects the old one late on a large machine: with 1,000 waiting workers a server held 351 MB, of
 * which 60 were alive. With halves of 8 MB it held 230 to 280; with a first full collection at 64 MB as well, and each
 * next one at two and a half times what the last left, 215. At one and a half times it was 190 to 200, and a drain's
 * task cost the server 10 to 15 % more CPU.
 */
const BOUNDS = ["--max-semi-space-size=8", "--initial-old-space-size=64", "--heap-growing-percent=150"];

const serves = (argv: readonly string[]) => argv.slice(2).find((one) => !one.startsWith("-")) === "serve";

/** What is asked of the process. */
export type RestartableProcess = Pick<
  NodeJS.Process,
  "argv" | "execArgv" | "execPath" | "env" | "platform" | "channel" | "execve"
>;

/**
 * Bounds a server's memory, which V8 is told at its start alone: the process begins anew, with the same id, streams and
 * signals. Not where somebody has said how it is to be (`NODE_OPTIONS=--max-semi-space-size=64`), where another process
 * talks to this one over a channel that would be lost, or where Node cannot.
 */
export const limitMemory = (own: RestartableProcess): void => {
  if (!serves(own.argv) || own.execve === undefined || own.platform === "win32" || own.channel) return;
  const given = [...own.execArgv, own.env["NODE_OPTIONS"] ?? ""];
  if (given.some((option) => option.includes("semi-space-size") || option.includes("semi_space_size")))
    return;
  const flags = [...BOUNDS, ...own.execArgv];
  own.execve(own.execPath, [own.execPath, ...flags, ...own.argv.slice(1)], own.env);
};
