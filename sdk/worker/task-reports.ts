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
import { TaskLostError, TaskNotFoundError } from "../errors.ts";
import { toStorableText, toText } from "../extension/json.ts";
import { type LazyAbort, sleep } from "../http/abort.ts";
import type { RetryPolicy } from "../http/retry.ts";
import { OutputWriter } from "./output-writer.ts";
import type { TaskEnvironment } from "./task-environment.ts";
import { getLostError } from "./task-outcome.ts";
import { DELIVERY_RETRY, type DeliveryOptions, type Lease, NO_RETRY, SHORT_RETRY } from "./update-queue.ts";

/**
 * Sends reports, one request at a time: the first one immediately, later ones after a delay. A report never throws and
 * never waits, because a failed report must not fail the task.
 */
abstract class Reporter<Report> {
  readonly #send: (report: Report) => Promise<unknown>;
  readonly #delayMs: number;
  #sending: Promise<void> | undefined;
  #skipDelay = new AbortController();

  constructor(send: (report: Report) => Promise<unknown>, delayMs: number) {
    this.#send = send;
    this.#delayMs = delayMs;
  }

  /** Removes the content of the next request from the queue and returns it. Returns undefined if nothing is queued. */
  protected abstract take(): Report | undefined;
  /** True if the next request is full, so that waiting for more is useless. */
  protected abstract readonly isFull: boolean;

  protected startSending(): void {
    this.#sending ??= this.#sendAll();
  }

  /** Sends the queued reports without delay, because the server rejects reports after the end of the task. */
  async idle(): Promise<void> {
    this.#skipDelay.abort();
    await this.#sending;
    this.#skipDelay = new AbortController();
  }

  async #sendAll(): Promise<void> {
    for (let report = this.take(); report !== undefined; report = this.take()) {
      await this.#send(report).catch(() => {});
      if (!this.isFull) await sleep(this.#delayMs, this.#skipDelay.signal).catch(() => {});
    }
    this.#sending = undefined;
  }
}

/** Maximum length of a message in characters, each of which has at most four bytes. */
const MAX_MESSAGE_LENGTH = 1000;
/** Milliseconds between two reports: a task that reports in a loop costs the server at most 20 writes a second. */
const REPORT_DELAY_MS = 50;

/** Sends progress reports. Reports made during a request are merged; only the latest is sent. */
export class ProgressReporter extends Reporter<Progress> {
  #latest: Progress = {};
  #hasUnsent = false;
  protected readonly isFull = false;

  constructor(send: (progress: Progress) => Promise<unknown>) {
    super(send, REPORT_DELAY_MS);
  }

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

/** Delay in milliseconds in which further lines are collected for the next request. */
const BATCH_DELAY_MS = 100;
/** Maximum number of queued lines. If the server is unreachable, the oldest lines are dropped. */
const MAX_QUEUED_LINES = 2000;
const TRUNCATION_NOTICE = "… further lines of this attempt are not stored";

/** Sends the log lines of an attempt in order. Lines are numbered, so repeating a request has no effect. */
export class LogReporter extends Reporter<NewLogLine[]> {
  #queued: NewLogLine[] = [];
  #count = 0;

  constructor(send: (lines: NewLogLine[]) => Promise<unknown>) {
    super(send, BATCH_DELAY_MS);
  }

  /** Queues one or more lines. */
  add(level: LogLevel, text: string): void {
    const at = new Date().toISOString();
    for (const line of toText(text).split(/\r?\n/)) {
      if (this.#count >= MAX_LINES_PER_ATTEMPT) return;
      const isLast = this.#count === MAX_LINES_PER_ATTEMPT - 1;
      const stored = truncate(isLast ? TRUNCATION_NOTICE : line, MAX_LINE_LENGTH);
      this.#queued.push({ number: this.#count, at, level, text: stored });
      this.#count += 1;
    }
    if (this.#queued.length > MAX_QUEUED_LINES)
      this.#queued.splice(0, this.#queued.length - MAX_QUEUED_LINES);
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
interface ReportingTask extends Lease {
  readonly task: Task;
}

interface ReportAborts {
  /** Aborted when the lease is lost or the task is interrupted. */
  readonly abort: LazyAbort;
  /** Aborted when no more updates should be sent. */
  readonly cancellation: LazyAbort;
}

/** Sends what a running task reports: progress, log and output. Each part is created on first use. */
export class TaskReports {
  readonly #task: ReportingTask;
  readonly #updates: TaskEnvironment["updates"];
  readonly #aborts: ReportAborts;
  #progress: ProgressReporter | undefined;
  #log: LogReporter | undefined;
  #output: OutputWriter | undefined;

  constructor(task: ReportingTask, updates: TaskEnvironment["updates"], aborts: ReportAborts) {
    this.#task = task;
    this.#updates = updates;
    this.#aborts = aborts;
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
    const options = { policy: DELIVERY_RETRY, cancellation: this.#aborts.abort };
    this.#output ??= new OutputWriter((output) => this.#send({ output }, options));
    return this.#output;
  }

  /** Resolves when all parts of the output are stored. Rejects if one could not be stored. */
  flushOutput(): Promise<void> | undefined {
    return this.#output?.flush();
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    await Promise.all([this.#progress?.idle(), this.#log?.idle(), this.#output?.flush().catch(() => {})]);
  }

  #report(update: TaskUpdate, policy: RetryPolicy): Promise<void> {
    return this.#send(update, { policy, cancellation: this.#aborts.cancellation, timeoutSeconds: 5 });
  }

  async #send(update: TaskUpdate, options: DeliveryOptions): Promise<void> {
    const { id, attempt, task: currentTask } = this.#task;
    try {
      await this.#updates.deliver({ id, attempt, update, currentTask }, options);
    } catch (error) {
      if (error instanceof TaskLostError || error instanceof TaskNotFoundError)
        this.#aborts.abort.abort(getLostError(error));
      throw error;
    }
  }
}
