import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { ProcessOutput } from "./process-output.ts";
import { startProcessWatchdog } from "./watchdog.ts";

/** How a process ended: a code, or the signal that ended it. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that a test started. */
export interface SpawnedProcess {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Waits for a line of either stream, printed before or after the call; fails at once when the process ends without it. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  readonly exit: Promise<ProcessExit>;
  kill(signal?: NodeJS.Signals): void;
}

/** Where and as whom a process runs; `env` is laid over this process's own, and `undefined` removes a variable. */
export interface SpawnOptions {
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  user?: { uid: number; gid: number } | undefined;
  /** The signal that ends it when a test leaves it running or dies first; SIGKILL unless said otherwise. */
  lastSignal?: NodeJS.Signals;
}

interface RegisteredProcess extends SpawnedProcess {
  readonly command: string;
  readonly output: ProcessOutput;
  readonly lastSignal: NodeJS.Signals;
  hasEnded(): boolean;
  forget(): void;
}

const registry = new Set<RegisteredProcess>();

/** Starts a program in a process group of its own, watched so that it cannot outlive the tests. */
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
  // Without a listener Node would end the test worker; the missing pid below tells the caller.
  child.on("error", () => {});
  const { pid } = child;
  if (pid === undefined)
    throw new Error(`cannot start "${line}": not found, or not executable for this user`);

  const { lastSignal = "SIGKILL" } = options;
  const unleash = startProcessWatchdog(pid, lastSignal);
  for (const name of ["stdout", "stderr"] as const) {
    const pipe = child[name].setEncoding("utf8");
    pipe.on("data", (chunk: string) => output.add(name, chunk));
    // A process that was killed may leave a reset behind: it ends the pipe, and is not to end who reads it.
    pipe.on("error", () => {});
  }

  let ended: ProcessExit | undefined;
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once("exit", async (code, signal) => {
      // A grandchild may keep the pipes open; then the output so far has to do.
      await Promise.race([closed, delay(500, undefined, { ref: false })]);
      output.end();
      ended = { code, signal };
      // Its children may live on; then `endLeftProcesses` finds them by the group.
      if (!isGroupAlive(pid)) registered.forget();
      resolve(ended);
    });
  });

  const registered: RegisteredProcess = {
    pid,
    command: line,
    output,
    lastSignal,
    hasEnded: () => ended !== undefined,
    forget() {
      unleash();
      registry.delete(registered);
    },
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exit,
    kill(signal = "SIGTERM") {
      child.kill(signal);
    },
    async waitForLine(pattern, timeoutMs = 10_000) {
      const look = () => ({ over: ended !== undefined, match: output.find(pattern) });
      const seen = await eventually(look, ({ over, match }) => over || match !== undefined, {
        timeoutMs,
        intervalMs: 10,
      }).catch(() => look());
      if (seen.match !== undefined) return seen.match;
      const why =
        ended === undefined ? `within ${timeoutMs} ms` : `before it ended with ${JSON.stringify(ended)}`;
      throw new Error(`"${line}" printed no line like ${pattern} ${why}; its last lines:\n${output.tail()}`);
    },
  };
  registry.add(registered);
  return registered;
}

/** Ends every process that is still running, with its children, and describes each; an empty list means nothing was left. */
export async function endLeftoverProcesses(): Promise<string[]> {
  // The dead children of a process that ended stay in its group until init collects them, which may take a second.
  const ended = [...registry].filter(({ hasEnded }) => hasEnded());
  await eventually(() => !ended.some(({ pid }) => isGroupAlive(pid)), Boolean, { timeoutMs: 2_000 }).catch(
    () => {},
  );

  const left = [...registry].filter(({ pid }) => isGroupAlive(pid));
  for (const { pid, lastSignal } of left) signalGroup(pid, lastSignal);
  for (const { exit } of left) await exit;
  for (const registered of [...registry]) registered.forget();
  return left.map(
    ({ pid, command, output }) => `process ${pid} (${command}), last lines:\n${output.tail(5)}`,
  );
}

function isGroupAlive(pid: number): boolean {
  return signalGroup(pid, 0);
}

/** Whether the signal found anybody. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
