import type { JsonObject, LogLevel, StopReason, Task, TaskUpdate } from "../../protocol/index.ts";
import { InterruptedError, TaskLostError, UsageError } from "../errors.ts";
import { LazyAbort } from "../http/lazy-abort.ts";
import type { RetryPolicy } from "../http/retry.ts";
import { waitAtMost } from "../http/sleep.ts";
import type { LeasedTask } from "./heartbeat.ts";
import { reportLateResult } from "./late-result.ts";
import { type RunResult, runExtension } from "./run-extension.ts";
import { traceRun } from "./run-span.ts";
import { createExtension, type TaskEnvironment, toResult } from "./task-environment.ts";
import { isRejection, type TaskOutcome, toErrorText, toLostOutcome, toShortError } from "./task-outcome.ts";
import { TaskReports } from "./task-reports.ts";
import { DELIVERY_RETRY, deliverUpdate, isLeaseLost, SHORT_RETRY } from "./task-update.ts";

/**
 * A task that this worker has claimed. `run` does everything: it starts the task, runs the extension and ends the task.
 * `start`, `complete`, `fail` and `release` are the individual steps.
 *
 * @example
 * for await (const task of jobs.listen()) await task.run(viewer);
 */
export class ClaimedTask<Context = unknown> implements LeasedTask {
  readonly id: string;
  /** The number of the claim. The server rejects updates from an earlier attempt: it fences the lease. */
  readonly attempt: number;
  /** @internal */ readonly leasedSince = performance.now();
  /** @internal True while the end of the task is being sent and its slot can be reused. */ freesSlot = false;
  readonly #environment: TaskEnvironment;
  readonly #abort = new LazyAbort();
  // Members that few tasks need are created on first use: creating them took half of a busy worker's CPU time.
  #settled: PromiseWithResolvers<void> | undefined;
  #reports: TaskReports | undefined;
  #task: Task;
  #phase: "claimed" | "starting" | "started" | "ending" | "settled" = "claimed";
  #outcome: PromiseWithResolvers<TaskOutcome> | undefined;
  #interruption: Promise<TaskOutcome> | undefined;
  /** True if the interruption itself ends the task; false if it waits for an end that is already being sent. */
  #isInterrupted = false;
  /** Aborted when no more updates should be sent. */
  readonly #cancellation = new LazyAbort();

  /** @internal */ constructor(task: Task, environment: TaskEnvironment) {
    this.id = task.id;
    this.attempt = task.attempt;
    this.#task = task;
    this.#environment = environment;
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
  /** The task as last returned by the server. */
  get task(): Task {
    return this.#task;
  }
  /** Aborted when the task is cancelled, timed out, lost (`TaskLostError`) or interrupted (`InterruptedError`). */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  /** @internal True if `signal` is aborted; does not create the signal. */
  get isAborted(): boolean {
    return this.#abort.isAborted;
  }
  get #canReport(): boolean {
    return this.#phase === "started" && !this.#abort.isAborted;
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
   * Starts the task, runs the extension, and completes or fails the task. Never throws: an error is in the outcome.
   * `context` is the first argument of the extension's `run`. Default: the context of the job manager.
   */
  run(context?: Context): Promise<TaskOutcome> {
    if (this.#outcome === undefined) {
      const outcome = Promise.withResolvers<TaskOutcome>();
      this.#outcome = outcome;
      traceRun(this.#task, outcome.promise, () => void this.#run(context).then(outcome.resolve));
    }
    return this.#outcome.promise;
  }

  /** Marks the task as running. Throws `TaskLostError`, `InterruptedError`, or `UsageError` if it has ended. */
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
   * Completes the running task. Rejects with `NotJsonError` or `ValidationError` for an invalid result (the task keeps
   * running), `UsageError` if the task is not running, and `TaskLostError` if the lease is lost. Retries for 5 minutes.
   */
  complete(result?: unknown): Promise<Task> {
    return this.#end("started", () => ({
      status: "completed",
      result: toResult(this.#environment, this.jobName, result),
    }));
  }

  /**
   * Fails the attempt and stores the text of `error`. The task is pending again if it has attempts left. Throws
   * `UsageError` if the task has ended, and `TaskLostError` if the lease is lost.
   */
  async fail(error: unknown): Promise<Task> {
    try {
      return await this.#end("claimed", () => ({ status: "failed", error: toErrorText(error) }));
    } catch (rejection) {
      if (!isRejection(rejection)) throw rejection;
      // The server or a proxy may reject a long text. Without a shorter one, the task would seem to run forever.
      return this.#end("claimed", () => ({ status: "failed", error: toShortError(error) }));
    }
  }

  /** Requeues a task that has not started. Throws `UsageError` if it has. */
  async release(): Promise<void> {
    if (this.#phase !== "claimed") throw this.#createPhaseError();
    this.#phase = "ending";
    await this.#environment.release(this);
    this.#close();
  }

  /** Reports a fraction from 0 to 1, and a message of up to 1,000 characters. The latest report wins. Never throws. */
  progress(fraction?: number, message?: string): void {
    if (this.#canReport) this.#getReports().progress(fraction, message);
  }

  /** Stores log lines with the task. The server keeps the first 5,000 lines of an attempt. Never throws. */
  log(text: string, level: LogLevel = "info"): void {
    if (this.#canReport) this.#getReports().log(level, text);
  }

  /** @internal Aborts the task, because the server reported that the lease is lost. */
  markLost(reason: StopReason): void {
    if (this.#phase === "settled" || this.#phase === "ending") return;
    this.#abort.abort(TaskLostError.create(reason));
    this.#environment.logger.warn({ task: this.id, reason }, "lost the lease on a task");
    // If the extension is running, its slot is not free before `run` returns.
    if (this.#outcome === undefined) this.#close();
  }

  /** Ends the task without waiting for `run`: fails a started task with `reason`, requeues any other. Never throws. */
  interrupt(reason = "interrupted: the worker was stopped"): Promise<TaskOutcome> {
    this.#interruption ??= this.#interrupt(reason);
    void this.#interruption.then((outcome) => this.#outcome?.resolve(outcome));
    return this.#interruption;
  }

  async #interrupt(reason: string): Promise<TaskOutcome> {
    try {
      if (this.#phase === "claimed") {
        this.#isInterrupted = true;
        await this.release();
      } else if (this.#phase === "starting" || this.#phase === "started") {
        this.#isInterrupted = true;
        this.#abort.abort(new InterruptedError(reason));
        const task = await this.#end("starting", () => ({ status: "failed", error: reason }), SHORT_RETRY);
        return { status: "failed", error: reason, cause: this.#abort.reason, task };
      } else {
        // Its end is already being sent. Wait for it, but not as long as it would be retried.
        await waitAtMost(5_000, this.settled);
        this.#cancellation.abort();
        if (this.#outcome !== undefined) return await this.#outcome.promise;
      }
      return { status: "released" };
    } catch (error) {
      return this.#finishLost(error);
    } finally {
      this.#cancellation.abort();
      this.#close();
    }
  }

  async #run(context: unknown): Promise<TaskOutcome> {
    try {
      const extension = createExtension(this.#environment, this.jobName, this.payload);
      if (typeof extension === "string") return await this.#finishFailed(extension);
      await this.start();
      const runContext = context === undefined ? this.#environment.context : context;
      const result = await runExtension(this, extension, {
        environment: this.#environment,
        context: runContext,
      });
      if (this.#abort.isAborted) return await this.#finishAborted(result);
      if ("error" in result) return await this.#finishFailed(result.error);
      try {
        return { status: "completed", task: await this.complete(result.result) };
      } catch (error) {
        if (!isRejection(error)) throw error;
        return await this.#finishFailed(`the result cannot be stored: ${toErrorText(error)}`);
      }
    } catch (error) {
      return (this.#isInterrupted ? this.#interruption : undefined) ?? this.#finishLost(error);
    } finally {
      this.#close();
    }
  }

  async #finishFailed(error: unknown): Promise<TaskOutcome> {
    return { status: "failed", error: toErrorText(error), cause: error, task: await this.fail(error) };
  }

  async #finishAborted(result: RunResult): Promise<TaskOutcome> {
    if (this.#isInterrupted && this.#interruption !== undefined) return this.#interruption;
    const { reason } = this.#abort;
    if ("result" in result && reason instanceof TaskLostError && reason.reason === "lost") {
      await reportLateResult(this.#environment, this, result.result);
    }
    return this.#finishLost(reason);
  }

  #finishLost(error: unknown): TaskOutcome {
    this.#environment.logger.warn({ err: error, task: this.id }, "discarded the outcome of a task");
    return toLostOutcome(error, this.#abort.reason);
  }

  async #end(
    from: "claimed" | "starting" | "started",
    update: () => TaskUpdate,
    policy?: RetryPolicy,
  ): Promise<Task> {
    const before = this.#phase;
    const canEnd = before === "started" || (before === "starting" && from !== "started") || before === from;
    if (!canEnd) throw this.#createPhaseError();
    const body = update();
    this.#phase = "ending";
    this.#environment.onEnding(this, true);
    if (this.#reports !== undefined) await this.#reports.idle();
    try {
      const task = await this.#send(body, policy);
      if (this.#outcome === undefined) this.#close();
      return task;
    } catch (error) {
      if (isRejection(error) && this.#phase === "ending") {
        this.#phase = before;
        this.#environment.onEnding(this, false);
      } else if (this.#outcome === undefined) this.#close();
      throw error;
    }
  }

  async #send(update: TaskUpdate, policy: RetryPolicy = DELIVERY_RETRY): Promise<Task> {
    try {
      // Progress that the task reported is missing in the known task, so the full response is needed.
      const currentTask = this.#reports?.hasProgress ? undefined : this.#task;
      const delivery = { update, currentTask, policy, cancellation: this.#cancellation };
      this.#task = await deliverUpdate(this.#environment.updates, this, delivery);
      return this.#task;
    } catch (error) {
      if (isLeaseLost(error)) this.#abortAsLost(error);
      throw error;
    }
  }

  #getReports(): TaskReports {
    const { updates } = this.#environment;
    const onLost = (error: unknown) => this.#abortAsLost(error);
    this.#reports ??= new TaskReports({ lease: this, updates, cancellation: this.#cancellation, onLost });
    return this.#reports;
  }

  #abortAsLost(error: unknown): void {
    this.#abort.abort(error instanceof TaskLostError ? error : TaskLostError.create("lost"));
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
