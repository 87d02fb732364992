import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedProcess, spawnProcess } from "./processes.ts";
import { findPrograms } from "./programs.ts";
import { startDirectoryWatchdog } from "./watchdog.ts";

const CONFIGURATION = new URL("../../docs/nginx/", import.meta.url);

/** Returns the path of the directory that contains nginx. */
export const findNginx = (): string =>
  findPrograms({
    names: ["nginx"],
    aptPackage: "nginx",
    directories: () => ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"],
  });

/**
 * Replacements in the configuration of docs/nginx, for example of a port. The keys are the texts to
 * replace.
 */
export type Replacements = Readonly<Record<string, string>>;

/**
 * Copies the configuration of docs/nginx to a new directory and applies the replacements. The
 * directory is removed when this process ends.
 */
export const createNginxConfiguration = (
  replacements: Replacements,
): { directory: string; remove(): void } => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-nginx-"));
  const cancelWatchdog = startDirectoryWatchdog(directory);
  // The worker processes of nginx run as a different user, who must be able to read the directory.
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, "run"));
  for (const name of ["nginx.conf", "upstream.conf"]) {
    const text = readFileSync(new URL(name, CONFIGURATION), "utf8");
    writeFileSync(
      join(directory, name),
      Object.entries(replacements).reduce((replaced, [from, to]) => replaced.replaceAll(from, to), text),
    );
  }
  return {
    directory,
    remove() {
      rmSync(directory, { recursive: true, force: true });
      cancelWatchdog();
    },
  };
};

/** Starts nginx with the configuration of docs/nginx. */
export const startNginx = async (replacements: Replacements): Promise<AsyncDisposable> => {
  const program = join(findNginx(), "nginx");
  const { directory, remove } = createNginxConfiguration(replacements);
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
