import type { ClaimedTask } from "./claimed-task.ts";
import type { Logger } from "./logger.ts";
import type { TaskOutcome } from "./task-outcome.ts";
import type { TaskStream } from "./task-stream.ts";
import { WaitGroup } from "./wait-group.ts";

/** Who is told of each task. */
export interface RunCallbacks<Context> {
  readonly onTask?: ((task: ClaimedTask<Context>) => void) | undefined;
  readonly onOutcome?: ((task: ClaimedTask<Context>, outcome: TaskOutcome) => void) | undefined;
}

/** Runs every task of a stream, as many beside each other as it hands out; resolves when it has ended and all are settled. */
export const runStream = async <Context>(
  stream: TaskStream<Context>,
  { onTask, onOutcome }: RunCallbacks<Context>,
  logger: Logger,
): Promise<void> => {
  const running = new WaitGroup();
  let broken: { readonly error: unknown } | undefined;
  const follow = async (task: ClaimedTask<Context>) => {
    running.add();
    try {
      onTask?.(task);
      const outcome = await task.run();
      onOutcome?.(task, outcome);
    } catch (error) {
      logger.error({ err: error, task: task.id }, "a callback of run failed");
    } finally {
      running.done();
    }
  };
  // What is left to throw is the logger.
  const onBroken = (error: unknown) => {
    broken ??= { error };
  };
  try {
    for await (const task of stream) follow(task).catch(onBroken);
  } finally {
    await running.wait();
  }
  if (broken !== undefined) throw broken.error;
};
