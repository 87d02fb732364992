import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type SpawnedProcess, type SpawnOptions, spawnProcess } from "../support/processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** The program that npm installs as the command `joblib`. */
export const BIN = join(ROOT, "bin/joblib.js");

export const EXTENSIONS = join(import.meta.dirname, "fixtures/extensions.ts");

/** Environment variables of a command, in addition to those of `createTerminal`. */
export type Environment = Readonly<Record<string, string>>;

/**
 * Returns options with a new working directory, and an environment without settings of joblib
 * except those in `env`.
 */
export const createTerminal = (env: Environment = {}): SpawnOptions => ({
  cwd: mkdtempSync(join(tmpdir(), "joblib-e2e-")),
  env: { NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "", ...env },
});

/**
 * Starts a joblib command in a new working directory, without any joblib settings in the
 * environment except `env`.
 */
export const joblib = (args: readonly string[], env: Environment = {}): SpawnedProcess =>
  spawnProcess(process.execPath, [BIN, ...args], createTerminal(env));

/** Runs a joblib command and returns its exit code and output. */
export const run = async (args: readonly string[], env: Environment = {}) => {
  const command = joblib(args, env);
  const { code } = await command.exit;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
};

/** Starts a server on a free port and returns the URL that it prints. */
export const serve = async (env: Environment = {}, args: readonly string[] = []) => {
  const server = joblib(["serve", "--port", "0", ...args], env);
  const [url] = await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 120_000);
  return { server, url };
};

/** Starts a worker with public jobs and waits until it prints the names of the jobs. */
export const startPublicWorker = async (url: string, args: readonly string[] = [], env: Environment = {}) => {
  const worker = joblib(["worker", EXTENSIONS, "--public", ...args], { JOBLIB_URL: url, ...env });
  await worker.waitForLine(/public:e2e:Sleep/, 30_000);
  return worker;
};

/** Stops a process with SIGTERM and returns its exit code. */
export const end = async (process: SpawnedProcess): Promise<number | null> => {
  process.kill("SIGTERM");
  return (await process.exit).code;
};
