import { EventEmitter } from "node:events";
import { watchInterrupts } from "../../cli/interrupts.ts";
import { nodeHttpFetch } from "../../cli/node-http-fetch.ts";
import type { Prompts } from "../../cli/prompts.ts";
import { run } from "../../cli/run.ts";
import type { Tools } from "../../cli/tools.ts";
import { watchUncaughtErrors } from "../../cli/uncaught-errors.ts";
import { JoblibClient } from "../../sdk/client.ts";

/** What one run of the command line came to. */
export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test gives a run beside its arguments. */
export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Emits SIGINT and SIGTERM in the process's stead. */
  readonly signals?: EventEmitter;
  /** The width of a terminal that stdout and stderr are. */
  readonly terminal?: number;
  readonly connect?: Tools["connect"];
  /** Who answers when something is asked. */
  readonly prompts?: Prompts;
  /** Takes what is written to files. */
  readonly written?: Map<string, string>;
}

/** A client that tries once: a test that expects no server need not wait for one. */
const connectOnce: Tools["connect"] = async ({ url, token }) =>
  new JoblibClient({ url, token: token ?? "", fetch: nodeHttpFetch, retry: { attempts: 1 } });

/** Runs a command line in this process, over a real client and captured streams. */
export async function runCli(argv: readonly string[], world: CliWorld = {}): Promise<CliRun> {
  const { env = {}, stdin = "", signals = new EventEmitter(), terminal, prompts } = world;
  const chunks = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      chunks[name] += text;
    },
    isTTY: terminal !== undefined,
    columns: terminal,
  });
  const exitCode = await run(argv, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    tools: {
      env,
      connect: world.connect ?? connectOnce,
      fetch: nodeHttpFetch,
      version: "0.1.0",
      interrupts: (names) => watchInterrupts(signals, { signals: names }),
      allowOutputLoss: () => {},
      watchUncaughtErrors: (tell) => watchUncaughtErrors(new EventEmitter(), tell),
      writeText: async (path, text) => void world.written?.set(path, text),
      prompts: prompts && (async () => prompts),
      readBytes: async () => (typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin),
    },
  });
  return { exitCode, ...chunks };
}
