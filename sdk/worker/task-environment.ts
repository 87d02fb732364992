import type { StopReason, Task } from "../../protocol/index.ts";
import type { ExtensionClass } from "../extension/extension.ts";
import type { Logger } from "../logger.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** The parts of a claimed task that its worker uses. */
export interface LeasedTask {
  readonly id: string;
  readonly attempt: number;
  /** The task as last returned by the server. */
  readonly task: Task;
  /** @internal The time of the claim, in milliseconds of `performance.now()`. */
  readonly leasedSince: number;
  /** @internal False after the lease was lost, or while the task is being released: heartbeats do not list the task. */
  hasLease: boolean;
  /** @internal True while the end of the task is being sent and its slot can be reused. */
  freesSlot: boolean;
  /** @internal Called when the server reports that the lease is lost. */
  markLost(reason: StopReason): void;
}

/** The parts of the worker and of the task stream that a claimed task uses. */
export interface TaskEnvironment {
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
  /**
   * `isEnding` is true if the update that ends the task is being sent, because the work is done. It is false
   * if the server has rejected this update.
   */
  onEnding(task: LeasedTask, isEnding: boolean): void;
  /** Called when the task is completed, failed, lost or released. */
  onSettled(task: LeasedTask): void;
}
