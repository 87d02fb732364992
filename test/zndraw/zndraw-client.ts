import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { type SpawnedProcess, spawnProcess } from "../support/processes.ts";
import { findPrograms } from "../support/programs.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(import.meta.dirname, "python");
const REQUIREMENTS = join(FOLDER, "requirements.txt");
const EXAMPLES = join(ROOT, "examples/zndraw");

/**
 * The path of a checkout of ZnDraw with the client under test. This repository does not contain
 * ZnDraw because of its license.
 */
const checkout = process.env["ZNDRAW_CHECKOUT"];

/** True if a checkout is configured. */
export const hasZnDraw = checkout !== undefined && checkout !== "";

const run = (command: string, args: readonly string[]): void => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return;
  throw new Error(
    `cannot prepare ZnDraw's client: ${[command, ...args].join(" ")} failed.\n` +
      `Check that the package registry with its Python packages (${REQUIREMENTS}) is reachable.\n` +
      `${error?.message ?? ""}${stdout?.slice(-1000)}${stderr?.slice(-2000)}`,
  );
};

/**
 * Installs the packages that ZnDraw's client imports, and returns the path of Python. The
 * installation is repeated only if the list of packages changes.
 */
const installPython = (): string => {
  const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  const environment = join(ROOT, "node_modules/.cache/zndraw-client", hash);
  const python = join(environment, "bin/python");
  const done = join(environment, "installed");
  if (existsSync(done)) return python;
  const directories = () => ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
  const system = findPrograms({ names: ["python3"], aptPackage: "python3-venv", directories });
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(environment, { recursive: true });
  run(join(system, "python3"), ["-m", "venv", environment]);
  // Turns retries off, so that an unreachable registry causes an error before the test times out.
  run(python, ["-m", "pip", "install", "--quiet", "--retries", "0", "--no-deps", "-r", REQUIREMENTS]);
  writeFileSync(done, "");
  return python;
};

/**
 * Prepares a checkout of ZnDraw and returns a function that runs a Python script with its client.
 */
export const prepareZnDraw = () => {
  const zndraw = resolve(ROOT, checkout ?? "");
  const client = join(zndraw, "src/zndraw_joblib/client.py");
  if (!existsSync(client)) {
    throw new Error(`${client} does not exist. Set ZNDRAW_CHECKOUT to a checkout of zincware/ZnDraw.`);
  }
  const python = installPython();
  const env = {
    ZNDRAW_CHECKOUT: zndraw,
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONPATH: [join(FOLDER, "stubs"), FOLDER, EXAMPLES].join(delimiter),
  };
  return (
    script: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): SpawnedProcess => spawnProcess(python, [script, ...args], { env: { ...env, ...more } });
};

/** The paths of the scripts that the tests run. */
export const SCRIPTS = {
  calls: join(FOLDER, "calls.py"),
  worker: join(FOLDER, "worker.py"),
  apiCalls: join(FOLDER, "api_calls.py"),
  exampleWorker: join(EXAMPLES, "rotate.py"),
  exampleSubmit: join(EXAMPLES, "submit.py"),
};
