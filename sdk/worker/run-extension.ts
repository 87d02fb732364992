import type { LogLevel } from "../../protocol/index.ts";
import type { RunnableExtension } from "../extension/extension.ts";
import { runWithConsoleCapture } from "./capture-console.ts";
import { createRunContext, type RunReporter } from "./run-context.ts";
import type { TaskEnvironment } from "./task-environment.ts";

/** The result of `run`, or the value that it threw. */
export type RunResult = { readonly result: unknown } | { readonly error: unknown };

/** The parts of a task that `runExtension` uses. */
interface RunnableTask extends RunReporter {
  readonly id: string;
  readonly jobName: string;
}

/** Calls the extension's `run`. Never throws: an error is logged and returned. */
export const runExtension = async (
  task: RunnableTask,
  extension: RunnableExtension,
  {
    environment: { logger, captureConsole },
    context,
  }: { readonly environment: TaskEnvironment; readonly context: unknown },
): Promise<RunResult> => {
  try {
    const run = createRunContext(task, logger);
    if (!captureConsole) return { result: await extension.run(context, run) };
    const onLine = (text: string, level: LogLevel) => task.log(text, level);
    return { result: await runWithConsoleCapture(onLine, () => extension.run(context, run)) };
  } catch (error) {
    logger.warn({ err: error, task: task.id, job: task.jobName }, "task failed");
    return { error };
  }
};
