import type { Logger } from "../logger.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import type { TaskOutcome } from "./task-outcome.ts";
import type { TaskStream } from "./task-stream.ts";
import { WaitGroup } from "./wait-group.ts";

export interface RunCallbacks<Context> {
  /** Called before a task runs. */
  readonly onTask?: ((task: ClaimedTask<Context>) => void) | undefined;
  /** Called when a task has ended, with its outcome. */
  readonly onOutcome?: ((task: ClaimedTask<Context>, outcome: TaskOutcome) => void) | undefined;
}

/**
 * Runs every task of a stream concurrently. Resolves when the stream and all its tasks have ended.
 */
export async function runStream<Context>(
  stream: TaskStream<Context>,
  { onTask, onOutcome }: RunCallbacks<Context>,
  logger: Logger,
): Promise<void> {
  const running = new WaitGroup();
  let loggerFailure: { readonly error: unknown } | undefined;
  const runTask = async (task: ClaimedTask<Context>) => {
    try {
      onTask?.(task);
      const outcome = await task.run();
      onOutcome?.(task, outcome);
    } catch (error) {
      logger.error({ err: error, task: task.id }, "onTask or onOutcome threw an error");
    }
  };
  const onLoggerError = (error: unknown) => {
    loggerFailure ??= { error };
  };
  try {
    for await (const task of stream) {
      running.add();
      runTask(task)
        .catch(onLoggerError)
        .finally(() => running.done());
    }
  } finally {
    await running.wait();
  }
  if (loggerFailure !== undefined) throw loggerFailure.error;
}
