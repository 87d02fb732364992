import type { ExtensionClass } from "../extension/extension.ts";
import type { Logger } from "../logger.ts";
import type { LeasedTask } from "./heartbeat.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Is notified of the end of a task, so that its slot can be reused. */
export interface TaskLifecycle {
  /**
   * `isEnding` is true if the update that ends the task is being sent, because the work is done. It is false
   * if the server has rejected this update.
   */
  onEnding(task: LeasedTask, isEnding: boolean): void;
  /** Called when the task is completed, failed, lost or released. */
  onSettled(task: LeasedTask): void;
}

/** The parts of the worker and of the task stream that a claimed task uses. */
export interface TaskEnvironment extends TaskLifecycle {
  readonly updates: Pick<UpdateQueue, "deliver">;
  readonly logger: Logger;
  /** True if lines that `run` prints with `console` are stored with the task. */
  readonly captureConsole: boolean;
  /** The default context of `run`. */
  readonly context: unknown;
  /** Returns the extension of a job, or undefined if it is not registered in this process. */
  find(jobName: string): ExtensionClass | undefined;
  /** Requeues a task that has not started. */
  release(taskId: string): Promise<void>;
}
