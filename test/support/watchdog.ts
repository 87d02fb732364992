import { spawn } from "node:child_process";

// Waits for the end of this process: the shell reads from a pipe that only this process has open,
// and the kernel closes the pipe when this process ends. This also works after a SIGKILL, for
// example from vitest, for which no exit handler runs.
const waitForParent = "read -r _";

const endGroup = `${waitForParent}
kill -s "$1" -- "-$2" || exit 0
tries=0
while kill -0 -- "-$2" && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -s KILL -- "-$2"`;

// Repeats the removal, because a server that is shutting down may still write into its directory.
const removeDirectory = `${waitForParent}
tries=0
while [ -e "$1" ] && [ $tries -lt 50 ]; do rm -rf -- "$1"; sleep 0.2; tries=$((tries + 1)); done`;

/**
 * Signals a process group when this process ends for any reason, and kills the group if it is still
 * running 5 s later. Returns a function that cancels the watchdog.
 */
export function startProcessWatchdog(pid: number, signal: NodeJS.Signals): () => void {
  return startWatchdog(endGroup, [signal.replace(/^SIG/, ""), String(pid)]);
}

/**
 * Removes a directory when this process ends for any reason. Returns a function that cancels the
 * watchdog.
 */
export function startDirectoryWatchdog(path: string): () => void {
  return startWatchdog(removeDirectory, [path]);
}

function startWatchdog(script: string, args: readonly string[]): () => void {
  const shell = spawn("/bin/sh", ["-c", script, "watchdog", ...args], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", (error) => {
    throw new Error("tests need /bin/sh to end the processes that they start", { cause: error });
  });
  shell.stdin.on("error", () => {});
  shell.unref();
  return () => void shell.kill("SIGKILL");
}
