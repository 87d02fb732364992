import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type SpawnedProcess, spawnProcess } from "../../test/support/processes.ts";

/** The path of joblib's command-line program. */
export const BIN = resolve(import.meta.dirname, "../../bin/joblib.js");
const START_MS = 60_000;
const SECRET = randomBytes(32).toString("hex");

/** The room of all jobs and tasks in the benchmark. */
export const ROOM = "bench";

/** The address of a server, and a token for its API. */
export interface ServerAddress {
  readonly url: string;
  readonly token: string;
}

/** A `joblib serve` process. */
export interface JoblibServer extends ServerAddress, AsyncDisposable {
  readonly pid: number;
  /** Returns the text that the process has written to stderr so far. */
  stderr(): string;
  /** Returns the resident memory of the process in megabytes. */
  residentMb(): number;
}

const spawnJoblib = (args: readonly string[], env: Readonly<Record<string, string>> = {}): SpawnedProcess =>
  spawnProcess(process.execPath, [BIN, ...args], {
    env: { NO_COLOR: "1", NODE_OPTIONS: "", JOBLIB_JWT_SECRET: SECRET, ...env },
  });

let tokenPromise: Promise<string> | undefined;

const signToken = async (): Promise<string> => {
  const command = spawnJoblib(["token", "create", "--sub", "bench", "--rooms", ROOM]);
  const { code } = await command.exit;
  if (code !== 0) throw new Error(`joblib token create failed:\n${command.stderr()}`);
  return command.stdout().trim();
};

/** Returns the resident memory of a process in megabytes. */
export const readResidentMb = (pid: number): number => {
  const { stdout } = spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(stdout.trim()) / 1024;
};

/**
 * The implementation of the task queue. `batching` is the default; `simple` does not use batches.
 */
export type Queue = "batching" | "simple";

/**
 * Starts a server with a JWT secret and the default settings. If there is no database URL, the
 * server uses an embedded database. `nodeOptions` are options of Node.js.
 */
export const serve = async (
  urls: { databaseUrl?: string; redisUrl?: string },
  queue: Queue = "batching",
  nodeOptions = "",
): Promise<JoblibServer> => {
  tokenPromise ??= signToken();
  const token = await tokenPromise;
  const directory = mkdtempSync(join(tmpdir(), "joblib-bench-"));
  const server = spawnJoblib(["serve", "--port", "0"], {
    JOBLIB_DATA_DIR: join(directory, "data"),
    ...(urls.databaseUrl !== undefined && { JOBLIB_DATABASE_URL: urls.databaseUrl }),
    ...(urls.redisUrl !== undefined && { JOBLIB_REDIS_URL: urls.redisUrl }),
    JOBLIB_INTERNAL_QUEUE: queue,
    NODE_OPTIONS: nodeOptions,
  });
  const end = async () => {
    server.kill("SIGKILL");
    await server.exit;
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [url] = await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, START_MS);
    return {
      ...{ url, token, pid: server.pid, stderr: () => server.stderr() },
      residentMb: () => readResidentMb(server.pid),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
};
