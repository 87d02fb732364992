import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { UsageError } from "./errors.ts";
import { isUnderNohup, watchInterrupts } from "./interrupts.ts";
import { limitMemory } from "./memory-limits.ts";
import { nodeHttpFetch } from "./node-http-fetch.ts";
import { makeNonBlocking2 } from "./non-blocking-output.ts";
import { handleOutputErrors } from "./output-errors.ts";
import { type CliProcess, run } from "./run.ts";
import { watchUncaughtErrors } from "./uncaught-errors.ts";
import { version } from "./version.ts";

limitMemory(process);

const { argv, env, stdout, stderr, stdin } = process;

/** A server that was told to stop does not wait longer for the reader of its log, which may itself have stopped. */
const LAST_WRITES_MS = 2_000;

const outputErrors = handleOutputErrors({ stdout, stderr }, (code, cause) => {
  if (cause !== undefined) stderr.write(`joblib: cannot write to standard output: ${reasonOf(cause)}\n`);
  process.exit(code);
});
let isLossy = false;

const outliveOutput = () => {
  if (isLossy) return;
  isLossy = true;
  outputErrors.ignore();
  makeNonBlocking2(stdout);
  makeNonBlocking2(stderr);
};

/** Resolves when everything that was written before has left the process, or is lost. */
const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write("", () => resolve()));

const tools: CliProcess["tools"] = {
  env,
  connect: async ({ url, token }) => {
    const { JoblibClient } = await import("../sdk/client.ts");
    return new JoblibClient({ url, token, fetch: nodeHttpFetch, userAgent: `joblib-cli/${version}` });
  },
  fetch: nodeHttpFetch,
  version,
  interrupts: (signals) => watchInterrupts(process, { signals, ignoresHangup: isUnderNohup(env) }),
  strays: (tell) => watchUncaughtErrors(process, tell),
  outliveOutput,
  readBytes: async (path) => {
    if (path === "-") return buffer(stdin);
    try {
      return await readFile(path);
    } catch (error) {
      throw new UsageError(`cannot read ${path}: ${reasonOf(error)}`);
    }
  },
  writeText: async (path, text) => {
    try {
      await writeFile(path, text);
    } catch (error) {
      throw new UsageError(`cannot write ${path}: ${reasonOf(error)}`);
    }
  },
  prompts:
    stdin.isTTY && stderr.isTTY
      ? async () => (await import("./prompts.ts")).createPrompts(stdin, stderr)
      : undefined,
};

/** Returns the words of Node's `ENOENT: no such file or directory, open '…'`, without the code and the file's name. */
function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "")
    : String(error);
}

const exitCode = await run(argv.slice(2), { tools, stdout, stderr });
await Promise.race([
  Promise.all([flushed(stdout), flushed(stderr)]),
  ...(isLossy ? [delay(LAST_WRITES_MS)] : []),
]);
// Idle connections would keep the process alive for seconds.
process.exit(exitCode);
