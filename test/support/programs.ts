import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Programs that belong together, and the Debian package they come from. */
export interface Programs {
  names: readonly string[];
  aptPackage: string;
  /** Files that keep the installation from setting anything up system-wide; they go when it is done. */
  whileInstalling?: readonly TemporaryFile[];
  /** Directories to look in after PATH. */
  directories(): readonly string[];
}

/** A file that exists only for a while. */
export interface TemporaryFile {
  path: string;
  text: string;
  mode: number;
}

// Debian asks this file before a package starts its service; 101 is "not allowed".
const startNoService: TemporaryFile = {
  path: "/usr/sbin/policy-rc.d",
  text: "#!/bin/sh\nexit 101\n",
  mode: 0o755,
};

/** The directory that holds all the programs; as root on a Debian without them, installs their package first. */
export function findPrograms(programs: Programs): string {
  const found = findDirectory(programs);
  if (found !== undefined) return found;

  const names = programs.names.join(" and ");
  const advice = `tests need ${names}: apt-get install ${programs.aptPackage} (or your system's package of it)`;
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) throw new Error(advice);
  console.warn(`tests need ${names}: installing ${programs.aptPackage} with apt-get`);
  install(programs);

  const installed = findDirectory(programs);
  if (installed === undefined) throw new Error(advice);
  return installed;
}

/** The bin directories of Debian's PostgreSQL packages, newest version first. */
export function getDebianPostgresDirectories(): string[] {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, "bin"));
}

function findDirectory({ names, directories }: Programs): string | undefined {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), ...directories()];
  return places.find((place) => place !== "" && names.every((name) => isExecutable(join(place, name))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function install({ aptPackage, whileInstalling = [] }: Programs): void {
  const removals = [startNoService, ...whileInstalling].map(writeWhereAbsent);
  try {
    runApt(["update"]);
    runApt(["install", "-y", "--no-install-recommends", aptPackage]);
  } finally {
    for (const remove of removals) remove();
  }
}

function writeWhereAbsent({ path, text, mode }: TemporaryFile): () => void {
  if (existsSync(path)) return () => {};
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return () => rmSync(path, { force: true });
}

function runApt(args: readonly string[]): void {
  // Blocking on purpose: two installations at once would fight for apt's lock.
  const { status, stdout, stderr } = spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (status !== 0)
    throw new Error(`apt-get ${args.join(" ")} failed:\n${stdout.slice(-1_000)}\n${stderr.slice(-1_000)}`);
}
