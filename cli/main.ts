import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { limitMemory } from "./connect/memory-limits.ts";
import { getErrorReason, UsageError } from "./io/errors.ts";
import { makeNonBlocking } from "./io/non-blocking-output.ts";
import { handleOutputErrors } from "./io/output-errors.ts";
import { type CliProcess, run } from "./run-command-line.ts";
import { version } from "./version.ts";
import { isUnderNohup, watchInterrupts } from "./worker/interrupts.ts";
import { watchUncaughtErrors } from "./worker/uncaught-errors.ts";

limitMemory(process);

const { argv, env, stdout, stderr, stdin } = process;

/**
 * Maximum time that a stopped server or worker waits until its output is written. The output may be
 * blocked.
 */
const FLUSH_TIMEOUT_MS = 2_000;

const outputErrors = handleOutputErrors({ stdout, stderr }, (code, cause) => {
  if (cause !== undefined)
    stderr.write(`joblib: cannot write to standard output: ${getErrorReason(cause)}\n`);
  process.exit(code);
});
let isOutputLossAllowed = false;

function allowOutputLoss() {
  if (isOutputLossAllowed) return;
  isOutputLossAllowed = true;
  outputErrors.ignore();
  makeNonBlocking(stdout);
  makeNonBlocking(stderr);
}

/** Resolves when all earlier output has left the process or is lost. */
function flush(stream: NodeJS.WriteStream) {
  return new Promise<void>((resolve) => stream.write("", () => resolve()));
}

const tools: CliProcess["tools"] = {
  env,
  connect: async ({ url, token }) => {
    const { JoblibClient } = await import("../sdk/http/client.ts");
    return new JoblibClient({ url, token, userAgent: `joblib-cli/${version}` });
  },
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
  writeContent: (content) => pipeline(Readable.from(content), stdout, { end: false }),
  prompts:
    stdin.isTTY && stderr.isTTY
      ? async () => (await import("./io/prompts.ts")).createPrompts(stdin, stderr)
      : undefined,
};

const exitCode = await run(argv.slice(2), { tools, stdout, stderr });
await Promise.race([
  Promise.all([flush(stdout), flush(stderr)]),
  ...(isOutputLossAllowed ? [delay(FLUSH_TIMEOUT_MS)] : []),
]);
// Idle connections would keep the process alive for several seconds.
process.exit(exitCode);
