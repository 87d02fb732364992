import type { LogLevel } from "../protocol/index.ts";
import { captureConsole } from "./capture-console.ts";
import type { RunnableExtension } from "./extension.ts";
import { createRunContext, type RunReporter } from "./run-context.ts";
import type { TaskEnvironment } from "./task-environment.ts";

/** What became of the work itself. */
export type RunResult = { readonly result: unknown } | { readonly error: unknown };

/** A task, as its work knows it. */
interface RunnableTask extends RunReporter {
  readonly id: string;
  readonly jobName: string;
}

/** Does a task's work; what it throws is its outcome. */
export const runExtension = async (
  task: RunnableTask,
  extension: RunnableExtension,
  {
    home: { logger, captureConsole },
    context,
  }: { readonly home: TaskEnvironment; readonly context: unknown },
): Promise<RunResult> => {
  try {
    const run = createRunContext(task, logger);
    if (!captureConsole) return { result: await extension.run(context, run) };
    const keep = (text: string, level: LogLevel) => task.log(text, level);
    return { result: await captureConsole(keep, () => extension.run(context, run)) };
  } catch (error) {
    logger.warn({ err: error, task: task.id, job: task.jobName }, "a task failed");
    return { error };
  }
};
