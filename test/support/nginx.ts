import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedProcess, spawnProcess } from "./processes.ts";
import { findPrograms } from "./programs.ts";
import { startDirectoryWatchdog } from "./watchdog.ts";

const CONFIGURATION = new URL("../../docs/nginx/", import.meta.url);

/** Where nginx is. */
export const findNginx = (): string =>
  findPrograms({
    names: ["nginx"],
    aptPackage: "nginx",
    directories: () => ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"],
  });

/** What of the documents' configuration another machine has otherwise: each text, and what stands instead. */
export type Replacements = Readonly<Record<string, string>>;

/** The documents' configuration, with other ports, in a directory of its own that goes with this process. */
export const createNginxConfiguration = (instead: Replacements): { directory: string; remove(): void } => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-nginx-"));
  const unleash = startDirectoryWatchdog(directory);
  // Its workers are another user's.
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, "run"));
  for (const name of ["nginx.conf", "upstream.conf"]) {
    const text = readFileSync(new URL(name, CONFIGURATION), "utf8");
    writeFileSync(
      join(directory, name),
      Object.entries(instead).reduce((replaced, [from, to]) => replaced.replaceAll(from, to), text),
    );
  }
  return {
    directory,
    remove() {
      rmSync(directory, { recursive: true, force: true });
      unleash();
    },
  };
};

/** A real nginx with the documents' configuration. */
export const startNginx = async (instead: Replacements): Promise<AsyncDisposable> => {
  const program = join(findNginx(), "nginx");
  const { directory, remove } = createNginxConfiguration(instead);
  const args = ["-p", join(directory, "run"), "-c", join(directory, "nginx.conf"), "-g", "daemon off;"];
  const nginx: SpawnedProcess = spawnProcess(program, args, { lastSignal: "SIGTERM" });
  await nginx.waitForLine(/start worker process/, 20_000);
  return {
    async [Symbol.asyncDispose]() {
      nginx.kill("SIGTERM");
      await nginx.exit;
      remove();
    },
  };
};
