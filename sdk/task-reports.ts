import type { LogLevel, TaskUpdate } from "../protocol/index.ts";
import { TaskLostError, TaskNotFoundError } from "./errors.ts";
import type { LazyAbort } from "./lazy-abort.ts";
import { LogReporter } from "./log-reporter.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import type { RetryPolicy } from "./retry.ts";
import { deliverUpdate, type Lease, NO_RETRY, SHORT_RETRY } from "./task-update.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Whose reports they are, and how they go. */
export interface TaskReportsOptions {
  readonly lease: Lease;
  readonly updates: Pick<UpdateQueue, "send">;
  readonly cancellation: LazyAbort;
  /** A report may tell that the hold is over. */
  readonly onLost: (error: unknown) => void;
}

/** What a task tells while it runs: how far it is, and its lines. Few do either, so each way is made when it is needed. */
export class TaskReports {
  readonly #options: TaskReportsOptions;
  #progress: ProgressReporter | undefined;
  #log: LogReporter | undefined;

  constructor(options: TaskReportsOptions) {
    this.#options = options;
  }

  get hasProgress(): boolean {
    return this.#progress !== undefined;
  }

  progress(fraction?: number, message?: string): void {
    this.#progress ??= new ProgressReporter((progress) => this.#report({ progress }, NO_RETRY));
    this.#progress.report(fraction, message);
  }

  log(level: LogLevel, text: string): void {
    this.#log ??= new LogReporter((log) => this.#report({ log }, SHORT_RETRY));
    this.#log.add(level, text);
  }

  /** Resolves when nothing of it is on its way. */
  async idle(): Promise<void> {
    await Promise.all([this.#progress?.idle(), this.#log?.idle()]);
  }

  /** A report that does not arrive fails nothing. */
  async #report(update: TaskUpdate, policy: RetryPolicy): Promise<void> {
    const { updates, lease: fence, cancellation: giveUp, onLost } = this.#options;
    try {
      await deliverUpdate(updates, fence, { update, policy, cancellation: giveUp, timeoutSeconds: 5 });
    } catch (error) {
      if (error instanceof TaskLostError || error instanceof TaskNotFoundError) onLost(error);
    }
  }
}
