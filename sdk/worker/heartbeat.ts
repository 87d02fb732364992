import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { MAX_TASKS_PER_HEARTBEAT } from "../../protocol/index.ts";
import { WorkerNotFoundError } from "../errors.ts";
import { sleep } from "../http/abort.ts";
import type { JoblibClient } from "../http/client.ts";
import { getRetryDelay } from "../http/retry.ts";
import type { Logger } from "../logger.ts";
import type { ClaimedTask } from "./claimed-task.ts";

/** The members of a claimed task that heartbeats use. */
export type LeasedTask = Pick<ClaimedTask, "id" | "hasLease" | "leasedSince" | "markLost">;

interface HeartbeatOptions {
  readonly client: JoblibClient;
  readonly logger: Logger;
  readonly workerId: string;
  /**
   * The interval before the first heartbeat, in seconds. Each response of the server contains the
   * next interval.
   */
  readonly seconds: number;
  /** An interval in seconds that is used instead of the server's intervals. */
  readonly fixedSeconds: number | undefined;
  readonly getTasks: () => readonly LeasedTask[];
  readonly onForgotten: () => void;
  readonly onDraining: () => void;
  readonly isDraining: () => boolean;
}

/**
 * Age of a new task at which a heartbeat is sent that lists it, in milliseconds. Most tasks end
 * earlier and cause no additional heartbeat.
 */
const NEW_TASK_DELAY_MS = 250;
/**
 * Minimum delay of the timer for new tasks, in milliseconds. Without a minimum, the timer would
 * fire for almost every task that runs for about 250 ms.
 */
const MIN_NEW_TASK_DELAY_MS = 50;
/**
 * Interval between heartbeats of a worker that has tasks, if the server or a proxy does not support
 * long polls, in seconds.
 */
const FALLBACK_INTERVAL_SECONDS = 2;

/**
 * Sends the heartbeats of a worker. While it has tasks, each heartbeat is a long poll, so that a
 * cancellation arrives immediately. When a new task is 250 ms old, the long poll is aborted and
 * sent again with the task in its list.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #stopped = new AbortController();
  #request = new AbortController();
  #listed: ReadonlyMap<string, LeasedTask> = new Map();
  #seconds: number;
  #newTaskTimer: NodeJS.Timeout | undefined;
  #extraTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #immediate: PromiseWithResolvers<void> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#seconds = options.fixedSeconds ?? options.seconds;
  }

  /**
   * Starts the heartbeats. The first one is sent after an interval, because the worker was just
   * created.
   */
  start(): void {
    // Heartbeats have no trace context, because the span in which the worker was created ends
    // before the heartbeats are sent.
    void context.with(ROOT_CONTEXT, () => this.#run());
  }

  stop(): void {
    clearTimeout(this.#newTaskTimer);
    clearTimeout(this.#extraTimer);
    this.#immediate?.resolve();
    this.#stopped.abort();
    this.#request.abort();
  }

  /**
   * Schedules a heartbeat that lists the new task. It is sent when the task is 250 ms old, unless
   * the task has ended by then.
   */
  scheduleForNewTask(delayMs = NEW_TASK_DELAY_MS): void {
    this.#newTaskTimer ??= setTimeout(() => this.#listNewTasks(), delayMs);
  }

  /**
   * Aborts the current long poll if its list lacks a task that is at least 250 ms old, so that a
   * new heartbeat is sent. Otherwise waits until the oldest task that the list lacks is 250 ms old.
   */
  #listNewTasks(): void {
    this.#newTaskTimer = undefined;
    const oldest = this.#getTasks().find((task) => this.#listed.get(task.id) !== task);
    if (oldest === undefined) return;
    const remainingMs = oldest.leasedSince + NEW_TASK_DELAY_MS - performance.now();
    if (remainingMs <= 0) this.#request.abort();
    else this.scheduleForNewTask(Math.max(remainingMs, MIN_NEW_TASK_DELAY_MS));
  }

  /**
   * Sends a heartbeat immediately. Resolves when the server has responded with the list of lost
   * leases, or when the heartbeat has failed.
   */
  sendNow(): Promise<void> {
    this.#immediate ??= Promise.withResolvers();
    this.#request.abort();
    return this.#immediate.promise;
  }

  /**
   * Sends a heartbeat after a delay in milliseconds. Aborts the long poll of the previous
   * heartbeat.
   */
  sendAfter(ms: number): void {
    this.#extraTimer ??= setTimeout(() => {
      this.#extraTimer = undefined;
      this.#request.abort();
    }, ms);
  }

  async #run(): Promise<void> {
    let delaySeconds = this.#seconds;
    while (!this.#stopped.signal.aborted) {
      await sleep(delaySeconds * 1000, this.#request.signal).catch(() => {});
      if (this.#stopped.signal.aborted) return;
      this.#request = new AbortController();
      const listed = this.#getTasks().slice(0, MAX_TASKS_PER_HEARTBEAT);
      this.#listed = new Map(listed.map((task) => [task.id, task]));
      const immediate = this.#immediate;
      this.#immediate = undefined;
      try {
        delaySeconds = await this.#send(this.#listed, immediate !== undefined);
        this.#failures = 0;
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (error instanceof WorkerNotFoundError) return this.#options.onForgotten();
        delaySeconds = this.#request.signal.aborted ? 0 : this.#handleFailure(error);
      } finally {
        immediate?.resolve();
      }
    }
  }

  /** Returns the tasks that a heartbeat lists, oldest first. */
  #getTasks(): LeasedTask[] {
    const tasks = this.#options.getTasks().filter((task) => task.hasLease);
    return tasks.sort((a, b) => a.leasedSince - b.leasedSince);
  }

  /** Sends one heartbeat. Returns the seconds to wait before the next one. */
  async #send(listed: ReadonlyMap<string, LeasedTask>, isImmediate: boolean): Promise<number> {
    const { client, workerId, fixedSeconds, onDraining, isDraining } = this.#options;
    // `sendNow` needs the list of lost leases immediately. The response to a long poll is sent only
    // when something changes.
    const isLongPoll = listed.size > 0 && !isImmediate;
    const wasDraining = isDraining();
    const request = {
      params: { worker_id: workerId },
      body: { tasks: [...listed.keys()], ...(wasDraining && { draining: true as const }) },
    };
    const startedAt = performance.now();
    const { body } = await client.call("heartbeat", request, {
      wait: isLongPoll ? Math.max(1, Math.floor(this.#seconds)) : undefined,
      signal: this.#request.signal,
      retry: false,
      // With this timeout, a dead connection is detected before the server considers the worker
      // dead, which by default happens after four intervals without a heartbeat.
      timeoutSeconds: Math.max(2, this.#seconds),
    });
    this.#seconds = fixedSeconds ?? body.heartbeat_seconds;
    for (const { task_id, reason } of body.stop) listed.get(task_id)?.markLost(reason);
    const isDrained = body.draining === true && !wasDraining;
    if (isDrained) onDraining();
    if (isImmediate) return 0;
    if (!isLongPoll) return this.#seconds;
    const elapsed = (performance.now() - startedAt) / 1000;
    const isEarly = body.stop.length === 0 && !isDrained && elapsed < this.#seconds / 2;
    return isEarly ? Math.min(FALLBACK_INTERVAL_SECONDS, this.#seconds) : 0;
  }

  #handleFailure(error: unknown): number {
    this.#failures += 1;
    const fields = { err: error, worker: this.#options.workerId, failures: this.#failures };
    this.#options.logger.warn(fields, "heartbeat failed");
    const policy = { attempts: 0, baseSeconds: 0.5, maxSeconds: this.#seconds, deadlineSeconds: 0 };
    return getRetryDelay(this.#failures, policy, error);
  }
}
