import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { MAX_TASKS_PER_HEARTBEAT, type StopReason } from "../protocol/index.ts";
import type { JoblibClient } from "./client.ts";
import { WorkerNotFoundError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { getRetryDelay } from "./retry.ts";
import { sleep } from "./sleep.ts";
import type { TaskTable } from "./task-table.ts";

/** A task in a worker's hands, as its heartbeat sees it. */
export interface LeasedTask {
  readonly id: string;
  readonly attempt: number;
  /** @internal When it came into this worker's hands, by `performance.now()`. */
  readonly leasedSince: number;
  /** @internal The server said that the hold on it is over. */
  markLost(reason: StopReason): void;
}

/** What a heartbeat needs of its session. */
export interface HeartbeatOptions {
  readonly client: JoblibClient;
  readonly workerId: string;
  /** How often to beat, until an answer says otherwise. */
  readonly seconds: number;
  /** Overrules what the server says. */
  readonly fixedSeconds: number | undefined;
  readonly held: TaskTable<LeasedTask>;
  readonly onStop: (task: LeasedTask, reason: StopReason) => void;
  readonly onForgotten: () => void;
  /** The server gives the worker no task any more, which it need not be told twice. */
  readonly onDraining: () => void;
  readonly isDraining: () => boolean;
  readonly logger: Logger;
}

/** A task that is over sooner need not be told to the server: a quick worker would do nothing but tell. */
const NEW_TASK_DELAY_MS = 250;
/** Where tasks last nearly that long, one or another is always about to have settled. */
const MIN_NEW_TASK_DELAY_MS = 50;
/** How often a busy worker asks where its answers are not held, in seconds. */
const FALLBACK_INTERVAL_SECONDS = 2;

/**
 * The beat beside the work. While tasks are held the server holds the answer, so that a cancel comes at once;
 * when a new task is held for a while the answer is abandoned and asked for again, with the task on the list.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #end = new AbortController();
  #turn = new AbortController();
  #listed: ReadonlyMap<string, LeasedTask> = new Map();
  #seconds: number;
  #nudge: NodeJS.Timeout | undefined;
  #extra: NodeJS.Timeout | undefined;
  #failures = 0;
  #asked: PromiseWithResolvers<void> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#seconds = options.fixedSeconds ?? options.seconds;
  }

  /** Begins to beat. The server has just heard of the worker, so the first beat has time. */
  start(): void {
    // Of no trace: it outlives the span that happened to be active when the worker was announced.
    void context.with(ROOT_CONTEXT, () => this.#loop());
  }

  /** Ends it; an open request is abandoned. */
  stop(): void {
    clearTimeout(this.#nudge);
    clearTimeout(this.#extra);
    this.#asked?.resolve();
    this.#end.abort();
    this.#turn.abort();
  }

  /** A task came into the worker's hands: unless it is soon over, the next beat is brought forward. */
  scheduleNewTaskHeartbeat(): void {
    this.#nudge ??= setTimeout(() => this.#nudged(), NEW_TASK_DELAY_MS);
  }

  /** Abandons the beat for the sake of a task that has settled; where only younger ones are not listed, waits for the oldest of them. */
  #nudged(): void {
    this.#nudge = undefined;
    let since = Number.POSITIVE_INFINITY;
    for (const task of this.#options.held) {
      if (this.#listed.get(task.id) !== task) since = Math.min(since, task.leasedSince);
    }
    if (since === Number.POSITIVE_INFINITY) return;
    const leftMs = since + NEW_TASK_DELAY_MS - performance.now();
    if (leftMs <= 0) this.#turn.abort();
    else this.#nudge = setTimeout(() => this.#nudged(), Math.max(leftMs, MIN_NEW_TASK_DELAY_MS));
  }

  /** Beats at once; resolves when the server has said what is still held, or that beat has failed. */
  ask(): Promise<void> {
    this.#asked ??= Promise.withResolvers();
    this.#turn.abort();
    return this.#asked.promise;
  }

  /** Beats in so many milliseconds, whatever is under way then. */
  sendAfter(ms: number): void {
    this.#extra ??= setTimeout(() => {
      this.#extra = undefined;
      this.#turn.abort();
    }, ms);
  }

  async #loop(): Promise<void> {
    let restSeconds = this.#seconds;
    while (!this.#end.signal.aborted) {
      await sleep(restSeconds * 1000, this.#turn.signal).catch(() => {});
      if (this.#end.signal.aborted) return;
      this.#turn = new AbortController();
      this.#listed = new Map(this.#oldest().map((task) => [task.id, task]));
      const asked = this.#asked;
      this.#asked = undefined;
      try {
        restSeconds = await this.#beat(this.#listed, asked !== undefined);
        this.#failures = 0;
      } catch (error) {
        if (this.#end.signal.aborted) return;
        if (error instanceof WorkerNotFoundError) return this.#options.onForgotten();
        restSeconds = this.#turn.signal.aborted ? 0 : this.#afterFailure(error);
      } finally {
        asked?.resolve();
      }
    }
  }

  #oldest(): LeasedTask[] {
    const held = [...this.#options.held].sort((a, b) => a.leasedSince - b.leasedSince);
    return held.slice(0, MAX_TASKS_PER_HEARTBEAT);
  }

  /** One exchange; gives the seconds to rest before the next. */
  async #beat(listed: ReadonlyMap<string, LeasedTask>, isAsked: boolean): Promise<number> {
    const { client, workerId, fixedSeconds, onStop, onDraining, isDraining } = this.#options;
    // Who asks wants to know now, and not when there is news.
    const busy = listed.size > 0 && !isAsked;
    const knewOfDrain = isDraining();
    const began = performance.now();
    const { body } = await client.call(
      "heartbeat",
      {
        params: { worker_id: workerId },
        body: { tasks: [...listed.keys()], ...(knewOfDrain && { draining: true }) },
      },
      {
        wait: busy ? Math.max(1, Math.floor(this.#seconds)) : undefined,
        signal: this.#turn.signal,
        retry: false,
        // Dead connections must show while the worker still counts as alive: the threshold is four beats.
        timeoutSeconds: Math.max(2, this.#seconds),
      },
    );
    this.#seconds = fixedSeconds ?? body.heartbeat_seconds;
    for (const { task_id, reason } of body.stop) {
      const task = listed.get(task_id);
      if (task !== undefined) onStop(task, reason);
    }
    const isDrained = body.draining === true && !knewOfDrain;
    if (isDrained) onDraining();
    if (isAsked) return 0;
    if (!busy) return this.#seconds;
    const elapsed = (performance.now() - began) / 1000;
    const early = body.stop.length === 0 && !isDrained && elapsed < this.#seconds / 2;
    return early ? Math.min(FALLBACK_INTERVAL_SECONDS, this.#seconds) : 0;
  }

  #afterFailure(error: unknown): number {
    this.#failures += 1;
    const fields = { err: error, worker: this.#options.workerId, failures: this.#failures };
    this.#options.logger.warn(fields, "a heartbeat did not arrive");
    const policy = { attempts: 0, baseSeconds: 0.5, maxSeconds: this.#seconds, deadlineSeconds: 0 };
    return getRetryDelay(this.#failures, policy, error);
  }
}
