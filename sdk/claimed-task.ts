import type { JsonObject, LogLevel, StopReason, Task, TaskUpdate } from "../protocol/index.ts";
import { InterruptedError, TaskLostError, UsageError } from "./errors.ts";
import type { LeasedTask } from "./heartbeat.ts";
import { reportLateResult } from "./late-result.ts";
import { LazyAbort } from "./lazy-abort.ts";
import type { RetryPolicy } from "./retry.ts";
import { inRunSpan } from "./run-span.ts";
import { orAfter } from "./sleep.ts";
import { extensionOf, resultOf, type TaskEnvironment } from "./task-environment.ts";
import { errorText, isRefusal, lostOutcome, shortErrorText, type TaskOutcome } from "./task-outcome.ts";
import { TaskReports } from "./task-reports.ts";
import { DELIVERY, deliver, isLeaseLost, QUICKLY } from "./task-update.ts";
import { type Ended, work } from "./work.ts";

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
  readonly heldSince = performance.now();
  /** @internal Its stream claims another while this one's end is on its way. */
  makesRoom = false;
  readonly #home: TaskEnvironment;
  readonly #abort = new LazyAbort();
  // What few tasks need is made when it is needed: half of a busy worker's time went into it.
  #over: PromiseWithResolvers<void> | undefined;
  #reports: TaskReports | undefined;
  #task: Task;
  #phase: "claimed" | "starting" | "started" | "ending" | "over" = "claimed";
  #outcome: PromiseWithResolvers<TaskOutcome> | undefined;
  #interruption: Promise<TaskOutcome> | undefined;
  /** The interruption ends the task; otherwise it waits for the end that is on its way. */
  #isCutShort = false;
  /** Aborted when nothing more is to be told to the server. */
  readonly #giveUp = new LazyAbort();

  /** @internal */
  constructor(task: Task, home: TaskEnvironment) {
    this.id = task.id;
    this.attempt = task.attempt;
    this.#task = task;
    this.#home = home;
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
  get #cut(): Promise<TaskOutcome> | undefined {
    return this.#isCutShort ? this.#interruption : undefined;
  }
  get #mayTell(): boolean {
    return this.#phase === "started" && !this.#abort.isAborted;
  }
  /** True while `run` is at work. */
  get isRunning(): boolean {
    return this.#outcome !== undefined && this.#phase !== "over";
  }
  /** Resolves when the task is completed, failed, lost or released, and `run`, if it was called, is back. */
  get settled(): Promise<void> {
    if (this.#phase === "over") return Promise.resolve();
    this.#over ??= Promise.withResolvers();
    return this.#over.promise;
  }

  /** Start, `run` of the extension, complete or fail. Never throws: what failed is reported, and told in the outcome. */
  run(context?: Context): Promise<TaskOutcome> {
    if (this.#outcome === undefined) {
      const outcome = Promise.withResolvers<TaskOutcome>();
      this.#outcome = outcome;
      inRunSpan(this.#task, outcome.promise, () => void this.#run(context).then(outcome.resolve));
    }
    return this.#outcome.promise;
  }

  /** Tells that the work begins. */
  async start(): Promise<Task> {
    this.#abort.throwIfAborted();
    if (this.#phase === "started") return this.#task;
    this.#demand("claimed");
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
      result: resultOf(this.#home, this.jobName, result),
    }));
  }

  /** Ends the attempt badly. A report that is refused is sent again with less text: the task must not seem to run on. */
  async fail(error: unknown): Promise<Task> {
    try {
      return await this.#end("claimed", () => ({ status: "failed", error: errorText(error) }));
    } catch (refusal) {
      if (!isRefusal(refusal)) throw refusal;
      return this.#end("claimed", () => ({ status: "failed", error: shortErrorText(error) }));
    }
  }

  /** Gives a task back that was not started; another claim gets it. */
  async release(): Promise<void> {
    this.#demand("claimed");
    this.#phase = "ending";
    await this.#home.release(this);
    this.#close();
  }

  /** Tells how far it is: at most one report is on its way, of the others the latest follows. */
  progress(fraction?: number, message?: string): void {
    if (this.#mayTell) this.#told().progress(fraction, message);
  }

  /** Keeps a line, or several, with the task: whoever may read it sees them as they come. The first 5,000 of an attempt are kept. */
  log(text: string, level: LogLevel = "info"): void {
    if (this.#mayTell) this.#told().log(level, text);
  }

  /** @internal The server said that the hold is over. */
  lose(reason: StopReason): void {
    if (this.#phase === "over" || this.#phase === "ending") return;
    this.#abort.abort(TaskLostError.of(reason));
    this.#home.logger.warn({ task: this.id, reason }, "the hold on a task is over");
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
        this.#isCutShort = true;
        await this.release();
      } else if (this.#phase === "starting" || this.#phase === "started") {
        this.#isCutShort = true;
        this.#abort.abort(new InterruptedError(why));
        const task = await this.#end("starting", () => ({ status: "failed", error: why }), QUICKLY);
        return { status: "failed", error: why, cause: this.#abort.reason, task };
      } else {
        // Its end is on its way already; that is not waited for as long as it would be tried.
        await orAfter(5_000, this.settled);
        this.#giveUp.abort();
        if (this.#outcome !== undefined) return await this.#outcome.promise;
      }
      return { status: "released" };
    } catch (error) {
      return this.#lost(error);
    } finally {
      this.#giveUp.abort();
      this.#close();
    }
  }

  async #run(context: unknown): Promise<TaskOutcome> {
    try {
      const instance = extensionOf(this.#home, this.jobName, this.payload);
      if (typeof instance === "string") return await this.#failed(instance);
      await this.start();
      const given = context === undefined ? this.#home.context : context;
      const ended = await work(this, instance, { home: this.#home, context: given });
      if (this.#abort.isAborted) return await this.#dropped(ended);
      if ("error" in ended) return await this.#failed(ended.error);
      try {
        return { status: "completed", task: await this.complete(ended.result) };
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return await this.#failed(`the result cannot be kept: ${errorText(error)}`);
      }
    } catch (error) {
      return this.#cut ?? this.#lost(error);
    } finally {
      this.#close();
    }
  }

  async #failed(error: unknown): Promise<TaskOutcome> {
    return { status: "failed", error: errorText(error), cause: error, task: await this.fail(error) };
  }

  async #dropped(ended: Ended): Promise<TaskOutcome> {
    if (this.#cut !== undefined) return this.#cut;
    const { reason } = this.#abort;
    if ("result" in ended && reason instanceof TaskLostError && reason.reason === "lost") {
      await reportLateResult(this.#home, this, ended.result);
    }
    return this.#lost(reason);
  }

  #lost(error: unknown): TaskOutcome {
    this.#home.logger.warn({ err: error, task: this.id }, "what came of a task was dropped");
    return lostOutcome(error, this.#abort.reason);
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
    this.#home.ending(this, true);
    if (this.#reports !== undefined) await this.#reports.idle();
    try {
      const task = await this.#send(body, policy);
      if (this.#outcome === undefined) this.#close();
      return task;
    } catch (error) {
      if (isRefusal(error) && this.#phase === "ending") {
        this.#phase = before;
        this.#home.ending(this, false);
      } else if (this.#outcome === undefined) this.#close();
      throw error;
    }
  }

  async #send(update: TaskUpdate, policy: RetryPolicy = DELIVERY): Promise<Task> {
    try {
      // What it reported itself is not in the task as it was claimed, so that cannot be told from here.
      const before = this.#reports?.hasProgress ? undefined : this.#task;
      this.#task = await deliver(this.#home.updates, this, { update, before, policy, giveUp: this.#giveUp });
      return this.#task;
    } catch (error) {
      if (isLeaseLost(error)) this.#lostBy(error);
      throw error;
    }
  }

  #told(): TaskReports {
    const { updates } = this.#home;
    const onLost = (error: unknown) => this.#lostBy(error);
    this.#reports ??= new TaskReports({ fence: this, updates, giveUp: this.#giveUp, onLost });
    return this.#reports;
  }

  #lostBy(error: unknown): void {
    this.#abort.abort(error instanceof TaskLostError ? error : TaskLostError.of("lost"));
  }

  #demand(phase: "claimed"): void {
    if (this.#phase !== phase) throw this.#wrongPhase();
  }

  #wrongPhase(): UsageError {
    return new UsageError(`that cannot be done with task ${this.id}: it is ${this.#phase}`);
  }

  #close(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#home.over(this);
    this.#over?.resolve();
  }
}
