import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Programs that belong to one Debian package. */
export interface Programs {
  names: readonly string[];
  aptPackage: string;
  /** Files that exist only during the installation, to prevent it from setting up services. */
  whileInstalling?: readonly TemporaryFile[];
  /** Returns the directories to search after those in PATH. */
  directories(): readonly string[];
}

/** A file that exists only during an installation. */
export interface TemporaryFile {
  path: string;
  text: string;
  mode: number;
}

// Debian runs this script before a package starts its service. Its exit code 101 prevents the
// start.
const startNoService: TemporaryFile = {
  path: "/usr/sbin/policy-rc.d",
  text: "#!/bin/sh\nexit 101\n",
  mode: 0o755,
};

/**
 * Returns the directory that contains all programs. If programs are missing, installs their
 * package, which requires Debian and root.
 */
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

/** Returns the bin directories of Debian's PostgreSQL packages. The newest version is the first. */
export function getDebianPostgresDirectories(): string[] {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, "bin"));
}

function findDirectory({ names, directories }: Programs): string | undefined {
  const candidates = [...(process.env["PATH"] ?? "").split(delimiter), ...directories()];
  return candidates.find(
    (directory) => directory !== "" && names.every((name) => isExecutable(join(directory, name))),
  );
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
  const removals = [startNoService, ...whileInstalling].map(writeIfMissing);
  try {
    runApt(["update"]);
    runApt(["install", "-y", "--no-install-recommends", aptPackage]);
  } finally {
    for (const remove of removals) remove();
  }
}

function writeIfMissing({ path, text, mode }: TemporaryFile): () => void {
  if (existsSync(path)) return () => {};
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return () => rmSync(path, { force: true });
}

function runApt(args: readonly string[]): void {
  // The call is synchronous, so that two installations do not compete for apt's lock.
  const { status, stdout, stderr } = spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (status !== 0)
    throw new Error(`apt-get ${args.join(" ")} failed:\n${stdout.slice(-1_000)}\n${stderr.slice(-1_000)}`);
}
