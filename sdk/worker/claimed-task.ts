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
   * Called with true before the outcome of the task is sent. Called with false if the server has
   * rejected the outcome: then the task has not ended.
   */
  onEnding(task: ClaimedTask, isEnding: boolean): void;
  /** Called when the task has ended: it is completed, failed, lost or released. */
  onSettled(task: ClaimedTask): void;
}

/**
 * A task that this worker has claimed. `run` starts the task, runs the extension and ends the task.
 * `start`, `complete`, `fail` and `release` perform these steps individually.
 *
 * @example for await (const task of jobs.listen()) await task.run(viewer);
 */
export class ClaimedTask<Context = unknown> {
  readonly id: string;
  /**
   * The number of this claim of the task. The server rejects updates with the number of an earlier
   * claim.
   */
  readonly attempt: number;
  /** @internal Time of the claim, from `performance.now()`. */ readonly leasedSince = performance.now();
  /** @internal False after the lease was lost, or while the task is being released. */ hasLease = true;
  /**
   * @internal True while the outcome is being sent. During this time, another task may use the
   *   slot.
   */ freesSlot = false;
  readonly #environment: TaskEnvironment;
  readonly #Class: ExtensionClass | undefined;
  readonly #abort = new LazyAbort();
  /** Aborted when no more updates of this task must be sent. */
  readonly #cancellation = new LazyAbort();
  #task: Task;
  #phase: "claimed" | "starting" | "started" | "ending" | "settled" = "claimed";
  // These members are created on first use, because few tasks need them, and creating them for all
  // tasks took half of a busy worker's CPU time.
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
  /**
   * @internal True if `signal` is aborted. Unlike an access to `signal`, this does not create the
   *   signal.
   */ get isAborted(): boolean {
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
   * Starts the task, runs the extension, and completes or fails the task. Never rejects: if an
   * error occurs, the returned outcome contains it. `context` is the first argument of the
   * extension's `run`. Default: the manager's context.
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
   * Returns the outcome of a task that was interrupted or whose lease was lost. In the second case,
   * sends the result of `run`, if there is one, as a late result.
   */
  async #discardRun(error: unknown, run?: RunResult): Promise<TaskOutcome> {
    if (this.#interruption !== undefined) return this.#interruption;
    if (run !== undefined && "result" in run) await this.#sendLateResult(run.result);
    return this.#discardOutcome(error);
  }

  /**
   * Sends the result of a task whose lease was lost, so that the server stores it as a late result.
   * Does nothing if the task was cancelled or interrupted.
   */
  async #sendLateResult(result: unknown): Promise<void> {
    const { reason } = this.#abort;
    if (!(reason instanceof TaskLostError) || reason.reason !== "lost") return;
    const { logger } = this.#environment;
    try {
      const converted = convertResult(this.#Class, result);
      if (hasLocalFile(converted)) {
        // The server accepts files of a result only from the worker that has the lease.
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
   * Changes the status of the task to running. Throws `TaskLostError` if the lease is lost,
   * `InterruptedError` if the task was interrupted, and `UsageError` if it has ended.
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
   * Completes the running task. Retries failed requests for 5 minutes. Rejects with `NotJsonError`
   * or `ValidationError` if the result is invalid, `FileUploadError` if a file of the result cannot
   * be uploaded (the task keeps running), `UsageError` if the task is not running, and
   * `TaskLostError` if the lease is lost.
   */
  async complete(result?: unknown): Promise<Task> {
    if (this.#phase !== "started") throw this.#createPhaseError();
    try {
      await this.#reports?.flushOutput();
    } catch (error) {
      // If the lease was lost, the server rejects the rest of the output, but it still stores a
      // late result.
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
   * Fails the attempt and stores the text of `error`. If the task has attempts left, it becomes
   * pending again. Throws `UsageError` if the task has ended, and `TaskLostError` if the lease is
   * lost.
   */
  async fail(error: unknown): Promise<Task> {
    try {
      return await this.#end({ status: "failed", error: toErrorText(error) });
    } catch (rejection) {
      if (!isRejection(rejection)) throw rejection;
      // The server or a proxy has rejected the text, for example because it is too long. The task
      // must still end, so a shorter text is sent.
      return this.#end({ status: "failed", error: toShortError(error) });
    }
  }

  /** Requeues the task if it has not started. Throws `UsageError` if it has started. */
  async release(): Promise<void> {
    if (this.#phase !== "claimed") throw this.#createPhaseError();
    this.#phase = "ending";
    this.hasLease = false;
    await this.#environment.release(this.id);
    this.#close();
  }

  /**
   * Reports the task's progress: a fraction from 0 to 1, and a message of up to 1,000 characters.
   * Only the latest report is kept. Never throws.
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
    // If the extension's `run` is still running, the task keeps its slot until `run` returns.
    if (this.#outcome === undefined) this.#close();
  }

  /**
   * Ends the task without waiting for the extension's `run`. If the task has started, it fails with
   * `reason`; otherwise it is requeued. Never throws.
   */
  interrupt(reason = "interrupted: the worker was stopped"): Promise<TaskOutcome> {
    const isEnding = this.#phase === "ending" || this.#phase === "settled";
    if (isEnding && this.#interruption === undefined) return this.#awaitEnd();
    this.#interruption ??= this.#interrupt(reason);
    void this.#interruption.then((outcome) => this.#outcome?.resolve(outcome));
    return this.#interruption;
  }

  /**
   * Waits until the outcome of the task, which is already being sent, was delivered. After 5 s,
   * stops sending it.
   */
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
   * Sends the outcome of the task. If the server rejects the content of the outcome, for example an
   * invalid result, the task has not ended, and another outcome can be sent.
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
    // If `currentTask` is undefined, the server returns the whole task. This is necessary after a
    // progress report, because the progress in `#task` may be outdated.
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
