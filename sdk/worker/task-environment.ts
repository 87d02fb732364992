import type { ExtensionClass } from "../extension/extension.ts";
import type { Logger } from "../logger.ts";
import type { LeasedTask } from "./heartbeat.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Receives the end of a task, so that its slot can be reused. */
export interface TaskLifecycle {
  /**
   * True: the work is done, and the update that ends the task is being sent. False: the server rejected that update.
   */
  onEnding(task: LeasedTask, isEnding: boolean): void;
  /** The task is completed, failed, lost or released. */
  onSettled(task: LeasedTask): void;
}

/** The parts of the worker and of the task stream that a claimed task uses. */
export interface TaskEnvironment extends TaskLifecycle {
  readonly updates: Pick<UpdateQueue, "deliver">;
  readonly logger: Logger;
  /** Whether lines that `run` prints with `console` are stored with the task. */
  readonly captureConsole: boolean;
  /** The default context of `run`. */
  readonly context: unknown;
  /** Returns the extension of a job; undefined if this process does not have it. */
  find(jobName: string): ExtensionClass | undefined;
  /** Requeues a task that has not started. */
  release(taskId: string): Promise<void>;
}
