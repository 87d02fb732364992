import {
  type LogLevel,
  MAX_LINE_LENGTH,
  MAX_LINES_PER_ATTEMPT,
  MAX_LINES_PER_UPDATE,
  type NewLogLine,
  type Progress,
  type Task,
  type TaskUpdate,
} from "../../protocol/index.ts";
import { toStorableText, toText } from "../extension/json.ts";
import { type LazyAbort, sleep } from "../http/abort.ts";
import type { RetryPolicy } from "../http/retry.ts";
import { OutputWriter } from "./output-writer.ts";
import { getLostError } from "./task-outcome.ts";
import {
  DELIVERY_RETRY,
  type FencedUpdate,
  NO_RETRY,
  SHORT_RETRY,
  type UpdateQueue,
} from "./update-queue.ts";

/**
 * Sends reports of a task, one request at a time: the first request immediately, later requests
 * after a delay. Methods that queue a report never throw and do not wait, because a failed report
 * must not make the task fail.
 */
abstract class Reporter<Report> {
  readonly #send: (report: Report) => Promise<unknown>;
  #sending: Promise<void> | undefined;
  #skipDelay = new AbortController();
  /**
   * Minimum delay between a response and the next request, in milliseconds. Reports made during the
   * delay are sent together.
   */
  protected abstract readonly delayMs: number;
  /** True if the next request has its maximum size, so that it is sent without delay. */
  protected abstract readonly isFull: boolean;

  constructor(send: (report: Report) => Promise<unknown>) {
    this.#send = send;
  }

  /**
   * Removes the reports of the next request from the queue, and returns them. Returns undefined if
   * nothing is queued.
   */
  protected abstract take(): Report | undefined;

  protected startSending(): void {
    this.#sending ??= this.#sendAll();
  }

  /**
   * Sends the queued reports without delay, and resolves when nothing is queued. Must be awaited
   * before the outcome of the task is sent, because the server rejects reports after the outcome.
   */
  async idle(): Promise<void> {
    this.#skipDelay.abort();
    await this.#sending;
    this.#skipDelay = new AbortController();
  }

  async #sendAll(): Promise<void> {
    for (let report = this.take(); report !== undefined; report = this.take()) {
      await this.#send(report).catch(() => {});
      if (!this.isFull) await sleep(this.delayMs, this.#skipDelay.signal).catch(() => {});
    }
    this.#sending = undefined;
  }
}

/** Maximum length of a message, in UTF-16 code units. */
const MAX_MESSAGE_LENGTH = 1000;

/** Sends progress reports. Reports made during a request are merged; only the latest is sent. */
export class ProgressReporter extends Reporter<Progress> {
  #latest: Progress = {};
  #hasUnsent = false;
  /** This delay limits a task that reports its progress in a loop to 20 requests per second. */
  protected readonly delayMs = 50;
  protected readonly isFull = false;

  report(fraction?: number, message?: string): void {
    const clamped = fraction === undefined ? Number.NaN : Math.min(1, Math.max(0, fraction));
    this.#latest = {
      ...this.#latest,
      ...(!Number.isNaN(clamped) && { fraction: clamped }),
      ...(message !== undefined && { message: truncate(toText(message), MAX_MESSAGE_LENGTH) }),
    };
    this.#hasUnsent = true;
    this.startSending();
  }

  protected take(): Progress | undefined {
    const hasUnsent = this.#hasUnsent;
    this.#hasUnsent = false;
    return hasUnsent ? this.#latest : undefined;
  }
}

/** Maximum number of queued lines. If the server is unreachable, the oldest lines are dropped. */
const MAX_QUEUED_LINES = 2000;
const TRUNCATION_NOTICE = "… further lines of this attempt are not stored";

/**
 * Sends the log lines of an attempt in order. The lines are numbered, so that the server ignores
 * lines that are sent again.
 */
export class LogReporter extends Reporter<NewLogLine[]> {
  readonly #queued: NewLogLine[] = [];
  #count = 0;
  protected readonly delayMs = 100;

  /** Queues one or more lines. */
  add(level: LogLevel, text: string): void {
    const at = new Date().toISOString();
    for (const line of toText(text).split(/\r?\n/)) {
      if (this.#count >= MAX_LINES_PER_ATTEMPT) break;
      const isLast = this.#count === MAX_LINES_PER_ATTEMPT - 1;
      const stored = truncate(isLast ? TRUNCATION_NOTICE : line, MAX_LINE_LENGTH);
      this.#queued.push({ number: this.#count, at, level, text: stored });
      this.#count += 1;
    }
    this.#queued.splice(0, Math.max(0, this.#queued.length - MAX_QUEUED_LINES));
    this.startSending();
  }

  protected get isFull(): boolean {
    return this.#queued.length >= MAX_LINES_PER_UPDATE;
  }

  protected take(): NewLogLine[] | undefined {
    return this.#queued.length === 0 ? undefined : this.#queued.splice(0, MAX_LINES_PER_UPDATE);
  }
}

/** Returns a text that the server can store, of at most `length` UTF-16 code units. */
function truncate(text: string, length: number): string {
  return toStorableText(text, 4 * length)
    .slice(0, length)
    .toWellFormed();
}

/** The task whose reports are sent. */
type ReportingTask = Pick<FencedUpdate, "id" | "attempt"> & { readonly task: Task };

/**
 * Sends the progress, log lines and output of a running task. The sender of each kind of report is
 * created on first use.
 */
export class TaskReports {
  readonly #task: ReportingTask;
  readonly #updates: Pick<UpdateQueue, "deliver">;
  readonly #abort: LazyAbort;
  readonly #cancellation: LazyAbort;
  #progress: ProgressReporter | undefined;
  #log: LogReporter | undefined;
  #output: OutputWriter | undefined;

  /**
   * `abort` is aborted when the lease is lost or the task is interrupted. `cancellation` is aborted
   * when no more updates must be sent.
   */
  constructor(
    task: ReportingTask,
    updates: Pick<UpdateQueue, "deliver">,
    abort: LazyAbort,
    cancellation: LazyAbort,
  ) {
    this.#task = task;
    this.#updates = updates;
    this.#abort = abort;
    this.#cancellation = cancellation;
  }

  get hasProgress(): boolean {
    return this.#progress !== undefined;
  }

  get progress(): ProgressReporter {
    this.#progress ??= new ProgressReporter((progress) => this.#report({ progress }, NO_RETRY));
    return this.#progress;
  }

  get log(): LogReporter {
    this.#log ??= new LogReporter((log) => this.#report({ log }, SHORT_RETRY));
    return this.#log;
  }

  get output(): OutputWriter {
    const options = { cancellation: this.#abort };
    this.#output ??= new OutputWriter((output) => this.#send({ output }, DELIVERY_RETRY, options));
    return this.#output;
  }

  /** Resolves when all parts of the output are stored. Rejects if one could not be stored. */
  flushOutput(): Promise<void> | undefined {
    return this.#output?.flush();
  }

  /** Resolves when all reports and parts were sent. */
  async idle(): Promise<void> {
    await Promise.all([this.#progress?.idle(), this.#log?.idle(), this.#output?.flush().catch(() => {})]);
  }

  #report(update: TaskUpdate, policy: RetryPolicy): Promise<void> {
    return this.#send(update, policy, { cancellation: this.#cancellation, timeoutSeconds: 5 });
  }

  async #send(
    update: TaskUpdate,
    policy: RetryPolicy,
    options: Pick<FencedUpdate, "cancellation" | "timeoutSeconds">,
  ): Promise<void> {
    const { id, attempt, task: currentTask } = this.#task;
    try {
      await this.#updates.deliver({ id, attempt, update, currentTask, ...options }, policy);
    } catch (error) {
      const lost = getLostError(error, true);
      if (lost !== undefined) this.#abort.abort(lost);
      throw error;
    }
  }
}
