import type { LogLevel } from "../protocol/index.ts";
import { withConsole } from "./capture-console.ts";
import type { RunnableExtension } from "./extension.ts";
import { runContextOf, type Telling } from "./run-context.ts";
import type { TaskEnvironment } from "./task-environment.ts";

/** What became of the work itself. */
export type Ended = { readonly result: unknown } | { readonly error: unknown };

/** A task, as its work knows it. */
interface Working extends Telling {
  readonly id: string;
  readonly jobName: string;
}

/** Does a task's work; what it throws is its outcome. */
export const work = async (
  task: Working,
  extension: RunnableExtension,
  {
    home: { logger, captureConsole },
    context,
  }: { readonly home: TaskEnvironment; readonly context: unknown },
): Promise<Ended> => {
  try {
    const run = runContextOf(task, logger);
    if (!captureConsole) return { result: await extension.run(context, run) };
    const keep = (text: string, level: LogLevel) => task.log(text, level);
    return { result: await withConsole(keep, () => extension.run(context, run)) };
  } catch (error) {
    logger.warn({ err: error, task: task.id, job: task.jobName }, "a task failed");
    return { error };
  }
};
