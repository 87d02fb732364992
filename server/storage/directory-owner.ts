import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * The process that uses a data directory, as a file there says. It is a note for error messages: a process id means
 * nothing in another container, so only the kernel's lock decides who may use the directory.
 */
export interface DirectoryOwner {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; empty if the system does not tell (only Linux does). */
  readonly startTime: string;
  readonly host: string | undefined;
}

/** Returns the owner that the file names, or undefined if it names none. */
export function readOwner(path: string): DirectoryOwner | undefined {
  const [id, startTime = "", host] = readText(path).trim().split(" ");
  const pid = Number(id);
  return Number.isInteger(pid) && pid > 0 ? { pid, startTime, host } : undefined;
}

/** Names this process in the file, in the format that servers without a kernel's lock read: "pid start-time". */
export function writeOwner(path: string): void {
  writeFileSync(path, `${process.pid} ${readStartTime(process.pid)} ${hostname()}\n`);
}

/** Removes the file. */
export function removeOwner(path: string): void {
  rmSync(path, { force: true });
}

/**
 * Returns true if the owner runs in this PID namespace and is a server that takes no kernel's lock: those name no host.
 * A process id may have been reused, so the start time must be the same.
 */
export function isOlderServer({ pid, startTime, host }: DirectoryOwner): boolean {
  return host === undefined && startTime !== "" && startTime === readStartTime(pid);
}

/** Returns the words for the owner in an error message. */
export function describeOwner(owner: DirectoryOwner | undefined): string {
  if (owner === undefined) return "another server";
  const { pid, startTime, host } = owner;
  if (host === undefined || startTime === readStartTime(pid)) return `process ${pid}`;
  return `process ${pid} of another container or machine (host ${host})`;
}

function readStartTime(pid: number): string {
  // The command name is in parentheses and may contain anything, so fields are counted from its end (proc_pid_stat(5)).
  return readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[19] ?? "";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
