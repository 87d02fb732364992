import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";
import { watchInterrupts } from "./interrupts.ts";
import { lightFetch } from "./light-fetch.ts";
import { boundMemory } from "./memory-bounds.ts";
import { run, type World } from "./run.ts";
import { watchStrays } from "./strays.ts";
import { version } from "./version.ts";

boundMemory(process);

const { argv, env, stdout, stderr, stdin } = process;

const tools: World["tools"] = {
  env,
  connect: async ({ url, token }) => {
    const { JoblibClient } = await import("../sdk/client.ts");
    return new JoblibClient({ url, token, fetch: lightFetch, userAgent: `joblib-cli/${version}` });
  },
  fetch: lightFetch,
  version,
  interrupts: (signals) => watchInterrupts(process, signals),
  strays: (tell) => watchStrays(process, tell),
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

/** Node's `ENOENT: no such file or directory, open '…'` without its code and the name that was said already. */
const reasonOf = (error: unknown) =>
  error instanceof Error
    ? error.message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "")
    : String(error);

// A reader that has seen enough (`| head`) is no error.
for (const stream of [stdout, stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT.fine);
  });
}

const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write("", () => resolve()));

const exitCode = await run(argv.slice(2), { tools, stdout, stderr });
await Promise.all([flushed(stdout), flushed(stderr)]);
// Idle connections would hold the process for seconds.
process.exit(exitCode);
