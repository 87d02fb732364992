import { EventEmitter } from "node:events";
import type { Prompts } from "../../cli/io/prompts.ts";
import { run } from "../../cli/run-command-line.ts";
import type { Tools } from "../../cli/tools.ts";
import { watchInterrupts } from "../../cli/worker/interrupts.ts";
import { watchUncaughtErrors } from "../../cli/worker/uncaught-errors.ts";
import { JoblibClient } from "../../sdk/http/client.ts";

/** The exit code and the output of a command. */
export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a command in a test. */
export interface CliEnvironment {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** A source of SIGINT and SIGTERM, instead of the process. */
  readonly signals?: EventEmitter;
  /** The width of the terminal. If it is undefined, stdout and stderr are pipes. */
  readonly terminal?: number;
  readonly connect?: Tools["connect"];
  /** Answers prompts. */
  readonly prompts?: Prompts;
  /** Receives the path and the content of each file that the command writes. */
  readonly written?: Map<string, string>;
}

/** Connects without retries, so that tests of unreachable servers do not wait. */
const connectOnce: Tools["connect"] = async ({ url, token }) =>
  new JoblibClient({ url, token: token ?? "", retry: { attempts: 1 } });

/** Runs a command in this process with a real client and captured output. */
export async function runCli(argv: readonly string[], environment: CliEnvironment = {}): Promise<CliRun> {
  const { env = {}, stdin = "", signals = new EventEmitter(), terminal, prompts } = environment;
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
      connect: environment.connect ?? connectOnce,
      version: "0.1.0",
      interrupts: (names) => watchInterrupts(signals, { signals: names }),
      allowOutputLoss: () => {},
      watchUncaughtErrors: (listener) => watchUncaughtErrors(new EventEmitter(), listener),
      writeText: async (path, text) => void environment.written?.set(path, text),
      writeContent: async (content) => {
        for await (const part of content) chunks.stdout += Buffer.from(part).toString("latin1");
      },
      prompts: prompts && (async () => prompts),
      readBytes: async () => (typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin),
    },
  });
  return { exitCode, ...chunks };
}
