import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { ProcessOutput } from "./process-output.ts";
import { startProcessWatchdog } from "./watchdog.ts";

/** How a process ended: its exit code, or the signal that killed it. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that a test started. */
export interface SpawnedProcess {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /**
   * Waits until stdout or stderr contains a line that matches, and returns the match. The line may
   * have been printed before the call. Throws if the process ends without such a line, or after
   * `timeoutMs` (10 s by default).
   */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  readonly exit: Promise<ProcessExit>;
  kill(signal?: NodeJS.Signals): void;
}

/**
 * Options of a process. `env` is merged into the environment of this process. The value `undefined`
 * removes a variable.
 */
export interface SpawnOptions {
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  user?: { uid: number; gid: number } | undefined;
  /**
   * The signal that ends the process if it is still running at the end of the test file or of the
   * test process. Default: SIGKILL.
   */
  lastSignal?: NodeJS.Signals;
}

interface RegisteredProcess extends SpawnedProcess {
  readonly command: string;
  readonly output: ProcessOutput;
  readonly lastSignal: NodeJS.Signals;
  hasEnded(): boolean;
  unregister(): void;
}

const registry = new Set<RegisteredProcess>();

/**
 * Starts a program in its own process group. A watchdog ends the group when the test process ends.
 */
export function spawnProcess(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): SpawnedProcess {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.user,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = new ProcessOutput();
  const line = [command, ...args].join(" ");
  // Without a listener for this event, Node.js would end the test worker. The caller receives the
  // error that is thrown below.
  child.on("error", () => {});
  const { pid } = child;
  if (pid === undefined)
    throw new Error(`cannot start "${line}": not found, or not executable for this user`);

  const { lastSignal = "SIGKILL" } = options;
  const cancelWatchdog = startProcessWatchdog(pid, lastSignal);
  for (const name of ["stdout", "stderr"] as const) {
    const pipe = child[name].setEncoding("utf8");
    pipe.on("data", (chunk: string) => output.add(name, chunk));
    // The pipe of a killed process may be reset, which is not an error of the test.
    pipe.on("error", () => {});
  }

  let ended: ProcessExit | undefined;
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once("exit", async (code, signal) => {
      // A grandchild process may keep the pipes open. After 500 ms, only the output that has
      // arrived is used.
      await Promise.race([closed, delay(500, undefined, { ref: false })]);
      output.end();
      ended = { code, signal };
      // The group stays registered if children of the process are still running, so that
      // `endLeftoverProcesses` finds them.
      if (!isGroupAlive(pid)) registered.unregister();
      resolve(ended);
    });
  });

  const registered: RegisteredProcess = {
    pid,
    command: line,
    output,
    lastSignal,
    hasEnded: () => ended !== undefined,
    unregister() {
      cancelWatchdog();
      registry.delete(registered);
    },
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exit,
    kill(signal = "SIGTERM") {
      child.kill(signal);
    },
    async waitForLine(pattern, timeoutMs = 10_000) {
      const search = () => ({ hasEnded: ended !== undefined, match: output.find(pattern) });
      const found = await eventually(search, ({ hasEnded, match }) => hasEnded || match !== undefined, {
        timeoutMs,
        intervalMs: 10,
      }).catch(() => search());
      if (found.match !== undefined) return found.match;
      const reason =
        ended === undefined ? `within ${timeoutMs} ms` : `before it ended with ${JSON.stringify(ended)}`;
      throw new Error(
        `"${line}" printed no line that matches ${pattern} ${reason}; its last lines:\n${output.tail()}`,
      );
    },
  };
  registry.add(registered);
  return registered;
}

/**
 * Ends all processes that are still running, including their children. Returns a description of
 * each ended process.
 */
export async function endLeftoverProcesses(): Promise<string[]> {
  // Zombie children of an ended process stay in its process group until init reaps them, which can
  // take a second.
  const ended = [...registry].filter(({ hasEnded }) => hasEnded());
  await eventually(() => !ended.some(({ pid }) => isGroupAlive(pid)), Boolean, { timeoutMs: 2_000 }).catch(
    () => {},
  );

  const left = [...registry].filter(({ pid }) => isGroupAlive(pid));
  for (const { pid, lastSignal } of left) signalGroup(pid, lastSignal);
  for (const { exit } of left) await exit;
  for (const registered of [...registry]) registered.unregister();
  return left.map(
    ({ pid, command, output }) => `process ${pid} (${command}), last lines:\n${output.tail(5)}`,
  );
}

function isGroupAlive(pid: number): boolean {
  return signalGroup(pid, 0);
}

/** Sends a signal to a process group. Returns false if the group contains no process. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
