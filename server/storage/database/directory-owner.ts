import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * The process that uses a data directory, as recorded in a file there. It is used only in error messages: a
 * process id has no meaning in another container, so the kernel's lock decides which process may use the
 * directory.
 */
export interface DirectoryOwner {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; empty on systems other than Linux. */
  readonly startTime: string;
  readonly host: string | undefined;
}

/** Reads the owner from the file; returns undefined if there is none. */
export function readOwner(path: string): DirectoryOwner | undefined {
  const [id, startTime = "", host] = readText(path).trim().split(" ");
  const pid = Number(id);
  return Number.isInteger(pid) && pid > 0 ? { pid, startTime, host } : undefined;
}

/** Writes this process to the file. Versions without the kernel's lock read its first two fields, pid and start time. */
export function writeOwner(path: string): void {
  writeFileSync(path, `${process.pid} ${readStartTime(process.pid)} ${hostname()}\n`);
}

export function removeOwner(path: string): void {
  rmSync(path, { force: true });
}

/**
 * Returns true if the owner runs in this PID namespace and is a joblib version without the kernel's lock.
 * Such versions do not write a host. The start time must match, because the process id may have been reused.
 */
export function isOlderServer({ pid, startTime, host }: DirectoryOwner): boolean {
  return host === undefined && startTime !== "" && startTime === readStartTime(pid);
}

/** Describes the owner for an error message. */
export function describeOwner(owner: DirectoryOwner | undefined): string {
  if (owner === undefined) return "another server";
  const { pid, startTime, host } = owner;
  if (host === undefined || startTime === readStartTime(pid)) return `process ${pid}`;
  return `process ${pid} of another container or machine (host ${host})`;
}

function readStartTime(pid: number): string {
  // The command name is in parentheses and may contain any character, so the fields after its end are counted
  // (proc_pid_stat(5)).
  return readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[19] ?? "";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
