import type { JsonObject, LogLevel, StopReason, Task, TaskUpdate } from "../protocol/index.ts";
import { InterruptedError, TaskLostError, UsageError } from "./errors.ts";
import type { LeasedTask } from "./heartbeat.ts";
import { reportLateResult } from "./late-result.ts";
import { LazyAbort } from "./lazy-abort.ts";
import type { RetryPolicy } from "./retry.ts";
import { type RunResult, runExtension } from "./run-extension.ts";
import { traceRun } from "./run-span.ts";
import { waitAtMost } from "./sleep.ts";
import { createExtension, type TaskEnvironment, toResult } from "./task-environment.ts";
import {
  isRejection,
  type TaskOutcome,
  toErrorText,
  toLostOutcome,
  toShortErrorText,
} from "./task-outcome.ts";
import { TaskReports } from "./task-reports.ts";
import { DELIVERY_RETRY, deliverUpdate, isLeaseLost, SHORT_RETRY } from "./task-update.ts";

/**
 * A task in this worker's hands. `run` does all of it; the parts are there for those who need them.
 *
 * @example
 * for await (const task of jobs.listen()) await task.run(viewer);
 */
export class ClaimedTask<Context = unknown> implements LeasedTask {
  readonly id: string;
  /** Grows with every claim, and so fences: a hold is the task's id, the worker's and this. */
  readonly attempt: number;
  /** @internal */
  readonly leasedSince = performance.now();
  /** @internal Its stream claims another while this one's end is on its way. */
  freesSlot = false;
  readonly #environment: TaskEnvironment;
  readonly #abort = new LazyAbort();
  // What few tasks need is made when it is needed: half of a busy worker's time went into it.
  #settled: PromiseWithResolvers<void> | undefined;
  #reports: TaskReports | undefined;
  #task: Task;
  #phase: "claimed" | "starting" | "started" | "ending" | "over" = "claimed";
  #outcome: PromiseWithResolvers<TaskOutcome> | undefined;
  #interruption: Promise<TaskOutcome> | undefined;
  /** The interruption ends the task; otherwise it waits for the end that is on its way. */
  #isInterrupted = false;
  /** Aborted when nothing more is to be told to the server. */
  readonly #cancellation = new LazyAbort();

  /** @internal */
  constructor(task: Task, home: TaskEnvironment) {
    this.id = task.id;
    this.attempt = task.attempt;
    this.#task = task;
    this.#environment = home;
    // A claim can start its task.
    if (task.status === "running") this.#phase = "started";
  }

  get jobName(): string {
    return this.#task.job_name;
  }
  get room(): string {
    return this.#task.room_id;
  }
  get payload(): JsonObject {
    return this.#task.payload;
  }
  /** The task as the server last told it. */
  get task(): Task {
    return this.#task;
  }
  /** Aborted when the task is cancelled, timed out, lost (`TaskLostError`) or interrupted (`InterruptedError`). */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  /** @internal The same, for who does not want to listen. */
  get isAborted(): boolean {
    return this.#abort.isAborted;
  }
  get #interruptedOutcome(): Promise<TaskOutcome> | undefined {
    return this.#isInterrupted ? this.#interruption : undefined;
  }
  get #canReport(): boolean {
    return this.#phase === "started" && !this.#abort.isAborted;
  }
  /** True while `run` is at work. */
  get isRunning(): boolean {
    return this.#outcome !== undefined && this.#phase !== "over";
  }
  /** Resolves when the task is completed, failed, lost or released, and `run`, if it was called, is back. */
  get settled(): Promise<void> {
    if (this.#phase === "over") return Promise.resolve();
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /** Start, `run` of the extension, complete or fail. Never throws: what failed is reported, and told in the outcome. */
  run(context?: Context): Promise<TaskOutcome> {
    if (this.#outcome === undefined) {
      const outcome = Promise.withResolvers<TaskOutcome>();
      this.#outcome = outcome;
      traceRun(this.#task, outcome.promise, () => void this.#run(context).then(outcome.resolve));
    }
    return this.#outcome.promise;
  }

  /** Tells that the work begins. */
  async start(): Promise<Task> {
    this.#abort.throwIfAborted();
    if (this.#phase === "started") return this.#task;
    this.#requirePhase("claimed");
    this.#phase = "starting";
    const task = await this.#send({ status: "running" });
    this.#abort.throwIfAborted();
    if (this.#phase === "starting") this.#phase = "started";
    return task;
  }

  /** Ends the task well. A result that cannot be sent is refused, and the task goes on. */
  complete(result?: unknown): Promise<Task> {
    return this.#end("started", () => ({
      status: "completed",
      result: toResult(this.#environment, this.jobName, result),
    }));
  }

  /** Ends the attempt badly. A report that is refused is sent again with less text: the task must not seem to run on. */
  async fail(error: unknown): Promise<Task> {
    try {
      return await this.#end("claimed", () => ({ status: "failed", error: toErrorText(error) }));
    } catch (refusal) {
      if (!isRejection(refusal)) throw refusal;
      return this.#end("claimed", () => ({ status: "failed", error: toShortErrorText(error) }));
    }
  }

  /** Gives a task back that was not started; another claim gets it. */
  async release(): Promise<void> {
    this.#requirePhase("claimed");
    this.#phase = "ending";
    await this.#environment.release(this);
    this.#close();
  }

  /** Tells how far it is: at most one report is on its way, of the others the latest follows. */
  progress(fraction?: number, message?: string): void {
    if (this.#canReport) this.#getReports().progress(fraction, message);
  }

  /** Keeps a line, or several, with the task: whoever may read it sees them as they come. The first 5,000 of an attempt are kept. */
  log(text: string, level: LogLevel = "info"): void {
    if (this.#canReport) this.#getReports().log(level, text);
  }

  /** @internal The server said that the hold is over. */
  markLost(reason: StopReason): void {
    if (this.#phase === "over" || this.#phase === "ending") return;
    this.#abort.abort(TaskLostError.of(reason));
    this.#environment.logger.warn({ task: this.id, reason }, "the hold on a task is over");
    // A run that is at work is waited for: its place is not free before.
    if (this.#outcome === undefined) this.#close();
  }

  /** Ends it now, without waiting for `run`: started work fails as interrupted, the rest is given back. */
  interrupt(why = "interrupted: the worker was stopped"): Promise<TaskOutcome> {
    this.#interruption ??= this.#interrupt(why);
    void this.#interruption.then((outcome) => this.#outcome?.resolve(outcome));
    return this.#interruption;
  }

  async #interrupt(why: string): Promise<TaskOutcome> {
    try {
      if (this.#phase === "claimed") {
        this.#isInterrupted = true;
        await this.release();
      } else if (this.#phase === "starting" || this.#phase === "started") {
        this.#isInterrupted = true;
        this.#abort.abort(new InterruptedError(why));
        const task = await this.#end("starting", () => ({ status: "failed", error: why }), SHORT_RETRY);
        return { status: "failed", error: why, cause: this.#abort.reason, task };
      } else {
        // Its end is on its way already; that is not waited for as long as it would be tried.
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
      const instance = createExtension(this.#environment, this.jobName, this.payload);
      if (typeof instance === "string") return await this.#failed(instance);
      await this.start();
      const given = context === undefined ? this.#environment.context : context;
      const ended = await runExtension(this, instance, { home: this.#environment, context: given });
      if (this.#abort.isAborted) return await this.#finishAborted(ended);
      if ("error" in ended) return await this.#failed(ended.error);
      try {
        return { status: "completed", task: await this.complete(ended.result) };
      } catch (error) {
        if (!isRejection(error)) throw error;
        return await this.#failed(`the result cannot be kept: ${toErrorText(error)}`);
      }
    } catch (error) {
      return this.#interruptedOutcome ?? this.#finishLost(error);
    } finally {
      this.#close();
    }
  }

  async #failed(error: unknown): Promise<TaskOutcome> {
    return { status: "failed", error: toErrorText(error), cause: error, task: await this.fail(error) };
  }

  async #finishAborted(ended: RunResult): Promise<TaskOutcome> {
    if (this.#interruptedOutcome !== undefined) return this.#interruptedOutcome;
    const { reason } = this.#abort;
    if ("result" in ended && reason instanceof TaskLostError && reason.reason === "lost") {
      await reportLateResult(this.#environment, this, ended.result);
    }
    return this.#finishLost(reason);
  }

  #finishLost(error: unknown): TaskOutcome {
    this.#environment.logger.warn({ err: error, task: this.id }, "what came of a task was dropped");
    return toLostOutcome(error, this.#abort.reason);
  }

  async #end(
    from: "claimed" | "starting" | "started",
    update: () => TaskUpdate,
    policy?: RetryPolicy,
  ): Promise<Task> {
    const before = this.#phase;
    const mayEnd = before === "started" || (before === "starting" && from !== "started") || before === from;
    if (!mayEnd) throw this.#wrongPhase();
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
      // What it reported itself is not in the task as it was claimed, so that cannot be told from here.
      const before = this.#reports?.hasProgress ? undefined : this.#task;
      this.#task = await deliverUpdate(this.#environment.updates, this, {
        update,
        before,
        policy,
        cancellation: this.#cancellation,
      });
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
    this.#abort.abort(error instanceof TaskLostError ? error : TaskLostError.of("lost"));
  }

  #requirePhase(phase: "claimed"): void {
    if (this.#phase !== phase) throw this.#wrongPhase();
  }

  #wrongPhase(): UsageError {
    return new UsageError(`that cannot be done with task ${this.id}: it is ${this.#phase}`);
  }

  #close(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#environment.onSettled(this);
    this.#settled?.resolve();
  }
}
