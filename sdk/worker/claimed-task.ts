import { setTimeout } from "node:timers/promises";
import type { JsonObject, LogLevel, StopReason, Task, TaskUpdate } from "../../protocol/index.ts";
import { InterruptedError, TaskLostError, UsageError } from "../errors.ts";
import { convertResult, type ExtensionClass, type TaskOutput } from "../extension/extension.ts";
import { toJson } from "../extension/json.ts";
import { hasLocalFile } from "../files/replace-files.ts";
import { LazyAbort } from "../http/abort.ts";
import { type RunEnvironment, type RunResult, runExtension } from "./run-extension.ts";
import { traceRun } from "./run-span.ts";
import { uploadResultFiles } from "./task-files.ts";
import { getLostError, isRejection, type TaskOutcome, toErrorText, toShortError } from "./task-outcome.ts";
import { TaskReports } from "./task-reports.ts";
import { DELIVERY_RETRY, NO_RETRY, SHORT_RETRY } from "./update-queue.ts";

/** The parts of the worker and of the task stream that a claimed task uses. */
export interface TaskEnvironment extends RunEnvironment {
  /**
   * Called with true before the outcome of the task is sent, and with false if the server rejects
   * the outcome, so that the task continues.
   */
  onEnding(task: ClaimedTask, isEnding: boolean): void;
  /** Called when the task is completed, failed, lost or released. */
  onSettled(task: ClaimedTask): void;
}

/**
 * A task that this worker has claimed. `run` starts the task, runs the extension and ends the task.
 * `start`, `complete`, `fail` and `release` are the individual steps.
 *
 * @example
 * for await (const task of jobs.listen()) await task.run(viewer);
 */
export class ClaimedTask<Context = unknown> {
  readonly id: string;
  /**
   * The number of the claim. It fences the lease: the server rejects updates of earlier attempts.
   */
  readonly attempt: number;
  /** @internal Time of the claim, from `performance.now()`. */ readonly leasedSince = performance.now();
  /** @internal False after the lease was lost, or while the task is being released. */ hasLease = true;
  /** @internal True while the outcome is being sent and another task may use the slot. */ freesSlot = false;
  readonly #environment: TaskEnvironment;
  readonly #Class: ExtensionClass | undefined;
  readonly #abort = new LazyAbort();
  /** Aborted when updates of this task must no longer be sent. */
  readonly #cancellation = new LazyAbort();
  #task: Task;
  #phase: "claimed" | "starting" | "started" | "ending" | "settled" = "claimed";
  // Few tasks need these members. Creating them for all tasks took half of a busy worker's CPU
  // time.
  #settled: PromiseWithResolvers<void> | undefined;
  #reports: TaskReports | undefined;
  #outcome: PromiseWithResolvers<TaskOutcome> | undefined;
  #interruption: Promise<TaskOutcome> | undefined;

  /** @internal */ constructor(task: Task, environment: TaskEnvironment) {
    this.id = task.id;
    this.attempt = task.attempt;
    this.#task = task;
    this.#environment = environment;
    this.#Class = environment.find(task.job_name);
    if (task.status === "running") this.#phase = "started";
  }

  /** The full name of the job. */
  get jobName(): string {
    return this.#task.job_name;
  }
  /** The id of the task's room. */
  get room(): string {
    return this.#task.room_id;
  }
  /** The payload as submitted, before the extension's schema applies defaults. */
  get payload(): JsonObject {
    return this.#task.payload;
  }
  /** The task as it was last returned by the server. */
  get task(): Task {
    return this.#task;
  }
  /**
   * Aborted when the task is cancelled, timed out, lost (`TaskLostError`) or interrupted
   * (`InterruptedError`).
   */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  /** @internal Does not create the signal. */ get isAborted(): boolean {
    return this.#abort.aborted;
  }
  /** The output of the task, which can be read while the task runs. */ get output(): TaskOutput {
    return this.#getReports().output;
  }
  /** True while `run` is running. */
  get isRunning(): boolean {
    return this.#outcome !== undefined && this.#phase !== "settled";
  }
  /** Resolves when the task is completed, failed, lost or released, and `run` has returned. */
  get settled(): Promise<void> {
    if (this.#phase === "settled") return Promise.resolve();
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /**
   * Starts the task, runs the extension, and completes or fails the task. Never throws: an error is
   * in the outcome. `context` is the first argument of the extension's `run`. Default: the
   * manager's context.
   */
  run(context?: Context): Promise<TaskOutcome> {
    if (this.#outcome === undefined) {
      const outcome = Promise.withResolvers<TaskOutcome>();
      this.#outcome = outcome;
      traceRun(this.#task, outcome.promise, () => void this.#run(context).then(outcome.resolve));
    }
    return this.#outcome.promise;
  }

  async #run(context: unknown = this.#environment.context): Promise<TaskOutcome> {
    try {
      const run = await runExtension(this, this.#Class, context, this.#environment);
      if (this.#abort.aborted) return await this.#discardRun(this.#abort.reason, run);
      if ("error" in run) return await this.#failRun(run.error);
      try {
        return { status: "completed", task: await this.complete(run.result) };
      } catch (error) {
        if (!isRejection(error)) throw error;
        return await this.#failRun(`the result cannot be stored: ${toErrorText(error)}`);
      }
    } catch (error) {
      return this.#discardRun(error);
    } finally {
      this.#close();
    }
  }

  async #failRun(error: unknown): Promise<TaskOutcome> {
    return { status: "failed", error: toErrorText(error), cause: error, task: await this.fail(error) };
  }

  /**
   * Returns the outcome of a run that was interrupted or whose lease was lost. If the lease was
   * lost, sends the result as a late result.
   */
  async #discardRun(error: unknown, run?: RunResult): Promise<TaskOutcome> {
    if (this.#interruption !== undefined) return this.#interruption;
    if (run !== undefined && "result" in run) await this.#sendLateResult(run.result);
    return this.#discardOutcome(error);
  }

  /** Sends the result of a lost task. Does nothing if the task was cancelled or interrupted. */
  async #sendLateResult(result: unknown): Promise<void> {
    const { reason } = this.#abort;
    if (!(reason instanceof TaskLostError) || reason.reason !== "lost") return;
    const { logger } = this.#environment;
    try {
      const converted = convertResult(this.#Class, result);
      if (hasLocalFile(converted)) {
        // A file of a result can be uploaded only during the lease.
        logger.warn({ task: this.id }, "discarded a late result, because it contains files");
        return;
      }
      await this.#send({ status: "completed", result: toJson(converted) }, NO_RETRY, 10);
    } catch (rejection) {
      // The server rejects the update, but stores the result as a late result.
      logger.info({ err: rejection, task: this.id }, "sent a late result");
    }
  }

  #discardOutcome(error: unknown): TaskOutcome {
    this.#environment.logger.warn({ err: error, task: this.id }, "discarded the outcome of a task");
    const lost = getLostError(this.#abort.reason) ?? getLostError(error);
    return { status: "lost", reason: lost?.reason ?? "undelivered" };
  }

  /**
   * Marks the task as running. Throws `TaskLostError`, `InterruptedError`, or `UsageError` if the
   * task has ended.
   */
  async start(): Promise<Task> {
    this.#abort.throwIfAborted();
    if (this.#phase === "started") return this.#task;
    if (this.#phase !== "claimed") throw this.#createPhaseError();
    this.#phase = "starting";
    const task = await this.#send({ status: "running" });
    this.#abort.throwIfAborted();
    if (this.#phase === "starting") this.#phase = "started";
    return task;
  }

  /**
   * Completes the running task; retries for 5 minutes. Rejects with `NotJsonError` or
   * `ValidationError` if the result is invalid, `FileUploadError` if a file of the result cannot be
   * uploaded (the task keeps running), `UsageError` if the task is not running, and `TaskLostError`
   * if the lease is lost.
   */
  async complete(result?: unknown): Promise<Task> {
    if (this.#phase !== "started") throw this.#createPhaseError();
    try {
      await this.#reports?.flushOutput();
    } catch (error) {
      // If the lease was lost, the rest of the output is lost too, but the result is not.
      await this.#sendLateResult(result);
      throw error;
    }
    const converted = convertResult(this.#Class, result);
    const value = hasLocalFile(converted)
      ? await uploadResultFiles(this, converted, this.#environment.files)
      : converted;
    return this.#end({ status: "completed", result: toJson(value) });
  }

  /**
   * Fails the attempt and stores the text of `error`. The task is pending again if it has attempts
   * left. Throws `UsageError` if the task has ended, and `TaskLostError` if the lease is lost.
   */
  async fail(error: unknown): Promise<Task> {
    try {
      return await this.#end({ status: "failed", error: toErrorText(error) });
    } catch (rejection) {
      if (!isRejection(rejection)) throw rejection;
      // The server or a proxy may reject a long text. The task must end, so a short text is sent.
      return this.#end({ status: "failed", error: toShortError(error) });
    }
  }

  /** Requeues a task that has not started. Throws `UsageError` if it has started. */
  async release(): Promise<void> {
    if (this.#phase !== "claimed") throw this.#createPhaseError();
    this.#phase = "ending";
    this.hasLease = false;
    await this.#environment.release(this.id);
    this.#close();
  }

  /**
   * Reports a fraction from 0 to 1, and a message of up to 1,000 characters. The latest report
   * wins. Never throws.
   */
  progress(fraction?: number, message?: string): void {
    if (this.#phase !== "started" || this.#abort.aborted) return;
    this.#getReports().progress.report(fraction, message);
  }

  /**
   * Stores log lines with the task. The server keeps the first 5,000 lines of an attempt. Never
   * throws.
   */
  log(text: string, level: LogLevel = "info"): void {
    if (this.#phase !== "started" || this.#abort.aborted) return;
    this.#getReports().log.add(level, text);
  }
  #getReports(): TaskReports {
    this.#reports ??= new TaskReports(this, this.#environment.updates, this.#abort, this.#cancellation);
    return this.#reports;
  }

  /** @internal Aborts the task, because the server reported that the lease is lost. */
  markLost(reason: StopReason): void {
    this.hasLease = false;
    if (this.#phase === "settled" || this.#phase === "ending") return;
    this.#abort.abort(TaskLostError.create(reason));
    this.#environment.logger.warn({ task: this.id, reason }, "lost the lease on a task");
    // If `run` is running, the slot becomes free only when `run` returns.
    if (this.#outcome === undefined) this.#close();
  }

  /**
   * Ends the task without waiting for `run`. Fails a started task with `reason`, and requeues a
   * task that has not started. Never throws.
   */
  interrupt(reason = "interrupted: the worker was stopped"): Promise<TaskOutcome> {
    const isEnding = this.#phase === "ending" || this.#phase === "settled";
    if (isEnding && this.#interruption === undefined) return this.#awaitEnd();
    this.#interruption ??= this.#interrupt(reason);
    void this.#interruption.then((outcome) => this.#outcome?.resolve(outcome));
    return this.#interruption;
  }

  /** Waits up to 5 s until the outcome of the task, which is already being sent, was delivered. */
  async #awaitEnd(): Promise<TaskOutcome> {
    await Promise.race([this.settled, setTimeout(5_000, undefined, { ref: false })]);
    this.#cancellation.abort();
    const outcome = await this.#outcome?.promise;
    this.#close();
    return outcome ?? { status: "released" };
  }

  async #interrupt(reason: string): Promise<TaskOutcome> {
    try {
      if (this.#phase === "claimed") {
        await this.release();
        return { status: "released" };
      }
      this.#abort.abort(new InterruptedError(reason));
      const task = await this.#end({ status: "failed", error: reason }, SHORT_RETRY);
      return { status: "failed", error: reason, cause: this.#abort.reason, task };
    } catch (error) {
      return this.#discardOutcome(error);
    } finally {
      this.#cancellation.abort();
      this.#close();
    }
  }

  /**
   * Sends the outcome of the task. If the server rejects its content, for example an invalid
   * result, the task continues.
   */
  async #end(update: TaskUpdate, policy = DELIVERY_RETRY): Promise<Task> {
    const before = this.#phase;
    if (before === "ending" || before === "settled") throw this.#createPhaseError();
    this.#phase = "ending";
    this.#environment.onEnding(this, true);
    if (this.#reports !== undefined) await this.#reports.idle();
    try {
      return await this.#send(update, policy);
    } catch (error) {
      if (isRejection(error) && this.#phase === "ending") {
        this.#phase = before;
        this.#environment.onEnding(this, false);
      }
      throw error;
    } finally {
      if (this.#outcome === undefined && this.#phase === "ending") this.#close();
    }
  }

  async #send(update: TaskUpdate, policy = DELIVERY_RETRY, timeoutSeconds?: number): Promise<Task> {
    const { id, attempt } = this;
    // Without `currentTask`, the server returns the whole task. This is necessary after a progress
    // report, because `#task` may not contain the last report.
    const currentTask = this.#reports?.hasProgress ? undefined : this.#task;
    const fenced = { id, attempt, update, currentTask, timeoutSeconds, cancellation: this.#cancellation };
    try {
      this.#task = await this.#environment.updates.deliver(fenced, policy);
      return this.#task;
    } catch (error) {
      const lost = getLostError(error, update.status === undefined);
      if (lost !== undefined) this.#abort.abort(lost);
      throw error;
    }
  }

  #createPhaseError(): UsageError {
    return new UsageError(`task ${this.id} does not allow this operation, because it is ${this.#phase}`);
  }

  #close(): void {
    if (this.#phase === "settled") return;
    this.#phase = "settled";
    this.#environment.onSettled(this);
    this.#settled?.resolve();
  }
}
