import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { UsageError } from "./errors.ts";
import { isUnderNohup, watchInterrupts } from "./interrupts.ts";
import { limitMemory } from "./memory-limits.ts";
import { nodeHttpFetch } from "./node-http-fetch.ts";
import { makeNonBlocking } from "./non-blocking-output.ts";
import { handleOutputErrors } from "./output-errors.ts";
import { type CliProcess, run } from "./run.ts";
import { watchUncaughtErrors } from "./uncaught-errors.ts";
import { version } from "./version.ts";

limitMemory(process);

const { argv, env, stdout, stderr, stdin } = process;

/** Time that a stopped server waits for the reader of its output, which may have stopped as well. */
const FLUSH_TIMEOUT_MS = 2_000;

const outputErrors = handleOutputErrors({ stdout, stderr }, (code, cause) => {
  if (cause !== undefined)
    stderr.write(`joblib: cannot write to standard output: ${getErrorReason(cause)}\n`);
  process.exit(code);
});
let isOutputLossAllowed = false;

const allowOutputLoss = () => {
  if (isOutputLossAllowed) return;
  isOutputLossAllowed = true;
  outputErrors.ignore();
  makeNonBlocking(stdout);
  makeNonBlocking(stderr);
};

/** Resolves when everything written before has left the process, or is lost. */
const flush = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write("", () => resolve()));

const tools: CliProcess["tools"] = {
  env,
  connect: async ({ url, token }) => {
    const { JoblibClient } = await import("../sdk/http/client.ts");
    return new JoblibClient({ url, token, fetch: nodeHttpFetch, userAgent: `joblib-cli/${version}` });
  },
  fetch: nodeHttpFetch,
  version,
  interrupts: (signals) => watchInterrupts(process, { signals, ignoresHangup: isUnderNohup(env) }),
  watchUncaughtErrors: (listener) => watchUncaughtErrors(process, listener),
  allowOutputLoss,
  readBytes: async (path) => {
    if (path === "-") return buffer(stdin);
    try {
      return await readFile(path);
    } catch (error) {
      throw new UsageError(`cannot read ${path}: ${getErrorReason(error)}`);
    }
  },
  writeText: async (path, text) => {
    try {
      await writeFile(path, text);
    } catch (error) {
      throw new UsageError(`cannot write ${path}: ${getErrorReason(error)}`);
    }
  },
  prompts:
    stdin.isTTY && stderr.isTTY
      ? async () => (await import("./prompts.ts")).createPrompts(stdin, stderr)
      : undefined,
};

/** Removes the code and the file name from a Node.js message such as `ENOENT: no such file or directory, open '…'`. */
function getErrorReason(error: unknown): string {
  return error instanceof Error
    ? error.message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "")
    : String(error);
}

const exitCode = await run(argv.slice(2), { tools, stdout, stderr });
await Promise.race([
  Promise.all([flush(stdout), flush(stderr)]),
  ...(isOutputLossAllowed ? [delay(FLUSH_TIMEOUT_MS)] : []),
]);
// Idle connections would keep the process alive for several seconds.
process.exit(exitCode);
