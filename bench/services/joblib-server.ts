import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type SpawnedProcess, spawnProcess } from "../../test/support/processes.ts";

const BIN = resolve(import.meta.dirname, "../../bin/joblib.js");
const START_MS = 60_000;
const SECRET = randomBytes(32).toString("hex");

/** Where jobs are registered and tasks submitted. */
export const ROOM = "bench";

/** A `joblib serve` of its own process. */
export interface ProductServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  /** Megabytes that the process holds in memory. */
  residentMb(): number;
}

const joblib = (args: readonly string[], env: Readonly<Record<string, string>> = {}): SpawnedProcess =>
  spawnProcess(process.execPath, [BIN, ...args], {
    env: { NO_COLOR: "1", NODE_OPTIONS: "", JOBLIB_JWT_SECRET: SECRET, ...env },
  });

let signed: Promise<string> | undefined;

const signToken = async (): Promise<string> => {
  const command = joblib(["token", "create", "--sub", "bench", "--rooms", ROOM]);
  const { code } = await command.exit;
  if (code !== 0) throw new Error(`joblib token create failed:\n${command.stderr()}`);
  return command.stdout().trim();
};

const residentMb = (pid: number): number => {
  const { stdout } = spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(stdout.trim()) / 1024;
};

/** Starts one as a user does, with a secret and validation; without a database's address on an embedded one. */
export const serve = async (
  where: { databaseUrl?: string; redisUrl?: string },
  env: Readonly<Record<string, string>> = {},
): Promise<ProductServer> => {
  signed ??= signToken();
  const token = await signed;
  const directory = mkdtempSync(join(tmpdir(), "joblib-bench-"));
  const server = joblib(["serve", "--port", "0"], {
    JOBLIB_DATA_DIR: join(directory, "data"),
    ...(where.databaseUrl !== undefined && { JOBLIB_DATABASE_URL: where.databaseUrl }),
    ...(where.redisUrl !== undefined && { JOBLIB_REDIS_URL: where.redisUrl }),
    ...env,
  });
  const end = async () => {
    server.kill("SIGKILL");
    await server.exit;
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [url] = await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, START_MS);
    return { url, token, residentMb: () => residentMb(server.pid), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
};
