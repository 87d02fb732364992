import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Process } from "../processes/process.ts";
import type { WaiterCalls } from "../processes/waiters.ts";
import { BIN, ROOM, readResidentMb, type ServerAddress, serve } from "../services/joblib-server.ts";
import { median } from "../statistics.ts";
import { Noop } from "../subjects/jobs.ts";
import type { Measure } from "./measure.ts";

const COMMAND_RUNS = 9;
/**
 * Time after the start at which a server's memory is read. By then, V8 has compiled the hot
 * functions of PGlite.
 */
const SETTLE_MS = 3_000;

interface Start {
  readonly seconds: number;
  /** Resident memory after `SETTLE_MS`, in megabytes. */
  readonly residentMb: number;
}

/** Starts a server, measures the time until it is ready, and stops it. */
async function measureStart(dataDir: string): Promise<Start> {
  const startedAt = performance.now();
  const server = spawn(process.execPath, [BIN, "serve", "--port", "0", "--data-dir", dataDir], {
    env: { ...process.env, NO_COLOR: "1", NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = new Promise((resolve) => server.once("exit", resolve));
  try {
    const url = await readUrl(createInterface(server.stdout));
    const { status } = await fetch(`${url}/readyz`);
    if (status !== 200) throw new Error(`the server is not ready: ${status}`);
    const seconds = (performance.now() - startedAt) / 1000;
    await delay(SETTLE_MS);
    return { seconds, residentMb: readResidentMb(server.pid ?? 0) };
  } finally {
    server.kill("SIGTERM");
    await exited;
  }
}

async function readUrl(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error("the server ended before it was ready");
}

/**
 * Returns the median duration of a command, in seconds. The first run is not counted, because it
 * fills the compile cache of Node.js.
 */
function measureCommand(args: readonly string[], server?: ServerAddress): number {
  const env = {
    ...process.env,
    NODE_OPTIONS: "",
    ...(server && { JOBLIB_URL: server.url, JOBLIB_TOKEN: server.token }),
  };
  const run = () => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [BIN, ...args], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`joblib ${args.join(" ")} failed:\n${stderr}`);
    return (performance.now() - startedAt) / 1000;
  };
  run();
  return median(Array.from({ length: COMMAND_RUNS }, run));
}

/**
 * Measures how long a user waits for a server to start and for a command to finish, and the memory
 * of a server after its start.
 */
export const startup: readonly Measure[] = [
  {
    units: { "serve, new database": "s", "serve, existing database": "s", "embedded server": "MB" },
    timeoutSeconds: 90,
    async run() {
      const directory = mkdtempSync(join(tmpdir(), "joblib-bench-"));
      try {
        const first = await measureStart(join(directory, "data"));
        const second = await measureStart(join(directory, "data"));
        return {
          "serve, new database": first.seconds,
          "serve, existing database": second.seconds,
          "embedded server": Math.max(first.residentMb, second.residentMb),
        };
      } finally {
        rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  },
  {
    units: { "joblib --version": "s", "joblib run JOB --help": "s" },
    timeoutSeconds: 90,
    async run() {
      await using server = await serve({});
      await using waiters = await Process.start<WaiterCalls>("waiters.ts");
      await waiters.call("open", { server: { url: server.url, token: server.token }, workers: 1 });
      return {
        "joblib --version": measureCommand(["--version"]),
        "joblib run JOB --help": measureCommand(["run", `${ROOM}:bench:${Noop.name}`, "--help"], server),
      };
    },
  },
];
