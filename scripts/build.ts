import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");

/**
 * An empty file whose modification time is the time of the last build. The build is current if all
 * inputs are older than this file.
 */
const STAMP = join(ROOT, "node_modules", ".cache", "joblib-build");
const INPUTS = ["cli", "protocol", "scripts", "sdk", "server", "web", "package-lock.json", "package.json"];

const STEPS = [
  ["tsc", "-p", "tsconfig.build.json"],
  ["vite", "build", "--config", "web/vite.config.ts"],
  ["vite", "build", "--config", "web/form/vite.config.ts"],
  ["tsc", "-p", "web/form"],
  ["node", "scripts/initial-database.ts"],
] as const;

/** Runs a program of `node_modules/.bin`, and ends this process if it fails. */
function run([command, ...args]: readonly [string, ...string[]]): void {
  const { status, error } = spawnSync(command, args, {
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Removes files that this build has not written, so that outputs of deleted source files are not
 * published.
 */
function removeOlderFiles(startedAt: number): void {
  for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && statSync(path).mtimeMs < startedAt) rmSync(path);
  }
}

/**
 * Returns true if no input has changed since the last build. This includes removed files, because
 * removing a file changes the modification time of its folder.
 */
function isCurrent(): boolean {
  if (!existsSync(STAMP) || !existsSync(DIST)) return false;
  const builtAt = statSync(STAMP).mtimeMs;
  const configs = readdirSync(ROOT).filter((name) => name.startsWith("tsconfig"));
  return [...INPUTS, ...configs].every((input) => isOlder(join(ROOT, input), builtAt));
}

function isOlder(path: string, time: number): boolean {
  const stats = statSync(path);
  if (stats.mtimeMs >= time) return false;
  return !stats.isDirectory() || readdirSync(path).every((name) => isOlder(join(path, name), time));
}

// `npx joblib` in a checkout installs the checkout into npm's cache, and npm then runs the script
// `prepare`. `--if-changed` skips the build if it is current, so that the command starts quickly.
if (process.argv.includes("--if-changed") && isCurrent()) process.exit();

// The build overwrites old files instead of removing them first, because a server or a worker may
// be running from them. A second is subtracted from the time, because some file systems store
// modification times in whole seconds.
const startedAt = Date.now() - 1_000;
for (const step of STEPS) run(step);
removeOlderFiles(startedAt);
mkdirSync(join(STAMP, ".."), { recursive: true });
writeFileSync(STAMP, "");
// Sets the modification time of the stamp to the start of the build. An input that changes during
// the build is then newer than the stamp.
utimesSync(STAMP, startedAt / 1000, startedAt / 1000);
