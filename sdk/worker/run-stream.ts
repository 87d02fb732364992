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

/** Runs every task of a stream concurrently. Resolves when the stream has ended and all tasks are settled. */
export const runStream = async <Context>(
  stream: TaskStream<Context>,
  { onTask, onOutcome }: RunCallbacks<Context>,
  logger: Logger,
): Promise<void> => {
  const running = new WaitGroup();
  let failure: { readonly error: unknown } | undefined;
  const runTask = async (task: ClaimedTask<Context>) => {
    running.add();
    try {
      onTask?.(task);
      const outcome = await task.run();
      onOutcome?.(task, outcome);
    } catch (error) {
      logger.error({ err: error, task: task.id }, "onTask or onOutcome threw an error");
    } finally {
      running.done();
    }
  };
  // At this point, only the logger can still throw.
  const onFailure = (error: unknown) => {
    failure ??= { error };
  };
  try {
    for await (const task of stream) runTask(task).catch(onFailure);
  } finally {
    await running.wait();
  }
  if (failure !== undefined) throw failure.error;
};
