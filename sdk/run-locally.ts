import type { LogLevel, Progress, Task, TaskUpdate } from "../protocol/index.ts";
import { ClaimedTask } from "./claimed-task.ts";
import type { ExtensionClass } from "./extension.ts";
import { silentLogger } from "./logger.ts";
import type { TaskOutcome } from "./task-outcome.ts";

/** What is told while a task runs here. */
export interface LocalRun {
  /** What `run` is given. */
  readonly context: unknown;
  /** Aborting it fails the task as interrupted. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (text: string, level: LogLevel) => void;
}

/** A step, taken here: nobody else hears of it. */
const take = (task: Task, { status, error, result, progress }: TaskUpdate): Task => ({
  ...task,
  ...(status !== undefined && { status }),
  ...(error !== undefined && { error }),
  ...(result !== undefined && { result }),
  ...(progress !== undefined && { progress }),
});

/** Runs a task in this process as a worker would, by this class, and reports to nobody. */
export const runLocally = async (
  Class: ExtensionClass<unknown>,
  given: Task,
  { context, signal, onProgress, onLog }: LocalRun,
): Promise<TaskOutcome> => {
  let wire: Task = { ...given, status: "claimed", result: null, error: null, progress: null };
  const task = new ClaimedTask(wire, {
    updates: {
      async send({ update }) {
        wire = take(wire, update);
        if (update.progress !== undefined) onProgress(update.progress);
        for (const { text, level = "info" } of update.log ?? []) onLog(text, level);
        return wire;
      },
    },
    logger: silentLogger,
    captureConsole: false,
    context,
    find: () => Class,
    release: async () => {},
    onEnding: () => {},
    onSettled: () => {},
  });
  const stop = () => void task.interrupt("interrupted");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await task.run();
  } finally {
    signal.removeEventListener("abort", stop);
  }
};
