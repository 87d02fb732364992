import { spawn } from "node:child_process";

// The shell waits on a pipe that only this process holds. The kernel closes it however this process ends: normally, by
// Ctrl-C, or by the SIGKILL that vitest gives a stuck worker, where no handler of ours would run.
const waitForParent = "read -r _";

const endGroup = `${waitForParent}
kill -s "$1" -- "-$2" || exit 0
tries=0
while kill -0 -- "-$2" && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -s KILL -- "-$2"`;

// A server that is still shutting down writes into its directory, so one attempt is not enough.
const removeDirectory = `${waitForParent}
tries=0
while [ -e "$1" ] && [ $tries -lt 50 ]; do rm -rf -- "$1"; sleep 0.2; tries=$((tries + 1)); done`;

/** Ends a process group when this process dies, however it dies; the result takes the leash off. */
export function startProcessWatchdog(pid: number, signal: NodeJS.Signals): () => void {
  return startWatchdog(endGroup, [signal.replace(/^SIG/, ""), String(pid)]);
}

/** Removes a directory when this process dies, however it dies; the result takes the leash off. */
export function startDirectoryWatchdog(path: string): () => void {
  return startWatchdog(removeDirectory, [path]);
}

function startWatchdog(script: string, args: readonly string[]): () => void {
  const shell = spawn("/bin/sh", ["-c", script, "leash", ...args], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", (error) => {
    throw new Error("tests need /bin/sh to end what they start", { cause: error });
  });
  shell.stdin.on("error", () => {});
  shell.unref();
  return () => void shell.kill("SIGKILL");
}
