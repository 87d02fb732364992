import type { LogLevel, NewOutput, Progress, Task } from "../../protocol/index.ts";
import type { ExtensionClass } from "../extension/extension.ts";
import { silentLogger } from "../logger.ts";
import { ClaimedTask } from "./claimed-task.ts";
import type { TaskOutcome } from "./task-outcome.ts";

export interface LocalRunOptions {
  /** The first argument of the extension's `run`. */
  readonly context: unknown;
  /** Aborting this signal interrupts the task, which then fails. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (text: string, level: LogLevel) => void;
  readonly onOutput: (output: NewOutput) => void;
}

/** Runs a task with an extension class in this process, as a worker does, but without a server. */
export const runLocally = async (
  Class: ExtensionClass<unknown>,
  task: Task,
  { context, signal, onProgress, onLog, onOutput }: LocalRunOptions,
): Promise<TaskOutcome> => {
  let current: Task = { ...task, status: "claimed", result: null, error: null, progress: null };
  const claimed = new ClaimedTask(current, {
    updates: {
      async deliver({ update: { log = [], output, ...fields } }) {
        current = Object.assign({ ...current }, fields);
        if (fields.progress !== undefined) onProgress(fields.progress);
        if (output !== undefined) onOutput(output);
        for (const { text, level = "info" } of log) onLog(text, level);
        return current;
      },
    },
    logger: silentLogger,
    captureConsole: false,
    files: undefined,
    context,
    find: () => Class,
    release: async () => {},
    onEnding: () => {},
    onSettled: () => {},
  });
  const stop = () => void claimed.interrupt("interrupted");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await claimed.run();
  } finally {
    signal.removeEventListener("abort", stop);
  }
};
