import type { LogLevel, TaskUpdate } from "../../protocol/index.ts";
import { TaskLostError, TaskNotFoundError } from "../errors.ts";
import type { LazyAbort } from "../http/lazy-abort.ts";
import type { RetryPolicy } from "../http/retry.ts";
import { LogReporter } from "./log-reporter.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import { deliverUpdate, type Lease, NO_RETRY, SHORT_RETRY } from "./task-update.ts";
import type { UpdateQueue } from "./update-queue.ts";

/** Options of `TaskReports`. */
export interface TaskReportsOptions {
  readonly lease: Lease;
  readonly updates: Pick<UpdateQueue, "send">;
  readonly cancellation: LazyAbort;
  /** Called if the server's response to a report shows that the lease is lost. */
  readonly onLost: (error: unknown) => void;
}

/**
 * The progress and log lines of a running task. Few tasks report either, so both reporters are created on first use.
 */
export class TaskReports {
  readonly #options: TaskReportsOptions;
  #progress: ProgressReporter | undefined;
  #log: LogReporter | undefined;

  constructor(options: TaskReportsOptions) {
    this.#options = options;
  }

  /** True if the task has reported progress. */
  get hasProgress(): boolean {
    return this.#progress !== undefined;
  }

  /** Queues a progress report. */
  progress(fraction?: number, message?: string): void {
    this.#progress ??= new ProgressReporter((progress) => this.#report({ progress }, NO_RETRY));
    this.#progress.report(fraction, message);
  }

  /** Queues log lines. */
  log(level: LogLevel, text: string): void {
    this.#log ??= new LogReporter((log) => this.#report({ log }, SHORT_RETRY));
    this.#log.add(level, text);
  }

  /** Resolves when all reports are sent, or have failed. */
  async idle(): Promise<void> {
    await Promise.all([this.#progress?.idle(), this.#log?.idle()]);
  }

  /** Sends a report. Never throws: a failed report must not fail the task. */
  async #report(update: TaskUpdate, policy: RetryPolicy): Promise<void> {
    const { updates, lease, cancellation, onLost } = this.#options;
    try {
      await deliverUpdate(updates, lease, { update, policy, cancellation, timeoutSeconds: 5 });
    } catch (error) {
      if (error instanceof TaskLostError || error instanceof TaskNotFoundError) onLost(error);
    }
  }
}
