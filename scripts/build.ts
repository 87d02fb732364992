import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const DIST = join(import.meta.dirname, "..", "dist");

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

/** Removes the files that the build has not written, so that files deleted from the source are not published. */
function removeOlderFiles(startedAt: number): void {
  for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && statSync(path).mtimeMs < startedAt) rmSync(path);
  }
}

// The build overwrites the old files instead of removing them first, because a server or a worker may be running from
// them. `npx joblib` in a checkout also runs the build. A second is subtracted, because some file systems store
// modification times in whole seconds.
const startedAt = Date.now() - 1_000;
for (const step of STEPS) run(step);
removeOlderFiles(startedAt);
