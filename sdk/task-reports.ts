import type { LogLevel, TaskUpdate } from "../protocol/index.ts";
import { TaskLostError, TaskNotFoundError } from "./errors.ts";
import type { LazyAbort } from "./lazy-abort.ts";
import { LogReporter } from "./log-reporter.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import type { RetryPolicy } from "./retry.ts";
import { deliver, type Fence, ONCE, QUICKLY } from "./task-update.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Whose reports they are, and how they go. */
export interface ReportsOptions {
  readonly fence: Fence;
  readonly updates: Pick<UpdateQueue, "send">;
  readonly giveUp: LazyAbort;
  /** A report may tell that the hold is over. */
  readonly onLost: (error: unknown) => void;
}

/** What a task tells while it runs: how far it is, and its lines. Few do either, so each way is made when it is needed. */
export class TaskReports {
  readonly #options: ReportsOptions;
  #progress: ProgressReporter | undefined;
  #log: LogReporter | undefined;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  get hasProgress(): boolean {
    return this.#progress !== undefined;
  }

  progress(fraction?: number, message?: string): void {
    this.#progress ??= new ProgressReporter((progress) => this.#report({ progress }, ONCE));
    this.#progress.report(fraction, message);
  }

  log(level: LogLevel, text: string): void {
    this.#log ??= new LogReporter((log) => this.#report({ log }, QUICKLY));
    this.#log.add(level, text);
  }

  /** Resolves when nothing of it is on its way. */
  async idle(): Promise<void> {
    await Promise.all([this.#progress?.idle(), this.#log?.idle()]);
  }

  /** A report that does not arrive fails nothing. */
  async #report(update: TaskUpdate, policy: RetryPolicy): Promise<void> {
    const { updates, fence, giveUp, onLost } = this.#options;
    try {
      await deliver(updates, fence, { update, policy, giveUp, timeoutSeconds: 5 });
    } catch (error) {
      if (error instanceof TaskLostError || error instanceof TaskNotFoundError) onLost(error);
    }
  }
}
