import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { UsageError } from "./errors.ts";
import { isUnderNohup, watchInterrupts } from "./interrupts.ts";
import { lightFetch } from "./light-fetch.ts";
import { makeLossy } from "./lossy-output.ts";
import { boundMemory } from "./memory-bounds.ts";
import { handleOutputErrors } from "./output-errors.ts";
import { run, type World } from "./run.ts";
import { watchStrays } from "./strays.ts";
import { version } from "./version.ts";

boundMemory(process);

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
  makeLossy(stdout);
  makeLossy(stderr);
};

/** Resolves when everything that was written before has left the process, or is lost. */
const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write("", () => resolve()));

const tools: World["tools"] = {
  env,
  connect: async ({ url, token }) => {
    const { JoblibClient } = await import("../sdk/client.ts");
    return new JoblibClient({ url, token, fetch: lightFetch, userAgent: `joblib-cli/${version}` });
  },
  fetch: lightFetch,
  version,
  interrupts: (signals) => watchInterrupts(process, { signals, ignoresHangup: isUnderNohup(env) }),
  strays: (tell) => watchStrays(process, tell),
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
