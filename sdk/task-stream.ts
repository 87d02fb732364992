import type { Task } from "../protocol/index.ts";
import { MAX_TASKS_PER_CLAIM } from "../protocol/index.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import type { JoblibClient } from "./client.ts";
import {
  InternalServerError,
  ProblemError,
  ProtocolError,
  UnauthorizedError,
  WorkerNotFoundError,
} from "./errors.ts";
import type { Logger } from "./logger.ts";
import { LONGEST_TURN_SECONDS } from "./options.ts";
import { isTransient, retryDelay } from "./retry.ts";
import { sleep, unlessAborted } from "./sleep.ts";
import type { Places } from "./task-home.ts";
import type { LiveWorker, WorkerSession } from "./worker-session.ts";

/** How to listen. */
export interface ListenOptions {
  /** Aborting it stops the stream; tasks in hand are not touched. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds between two claims where the server does not hold its answer; 2. */
  readonly pollInterval?: number | undefined;
  /** How many tasks may be at work at a time; 1. Of one whose work is done the end may still be on its way. */
  readonly concurrency?: number | undefined;
  /**
   * True: a claim starts its tasks, which saves the request that would. For those who run every task that comes: what
   * was started counts as run, also where the claim's answer was lost on its way, or where the loop is left before it.
   */
  readonly start?: boolean | undefined;
}

/** What a stream needs of its manager. */
export interface StreamHome<Context> {
  readonly client: JoblibClient;
  readonly logger: Logger;
  readonly session: WorkerSession;
  /** What takes tasks into a worker's hands, unless they are there; `places` are those that they take. */
  taker(worker: LiveWorker, places: Places): (wire: Task) => ClaimedTask<Context> | undefined;
}

/** With four a backlog goes 3 % faster than with two: the server puts them into one statement. */
const CLAIMS_AHEAD = 4;

const BACKOFF = { attempts: 0, baseSeconds: 0.5, maxSeconds: 30, deadlineSeconds: 0 };

/**
 * Claimed tasks, one after the other: the next comes when fewer than `concurrency` are at work.
 * Leaving the loop stops it; a task that was handed out stays its taker's.
 */
export class TaskStream<Context = unknown>
  implements AsyncIterableIterator<ClaimedTask<Context>>, AsyncDisposable
{
  readonly #home: StreamHome<Context>;
  readonly #stop = new AbortController();
  readonly #pollMs: number;
  readonly #concurrency: number;
  readonly #start: boolean;
  readonly #unsettled = new Set<ClaimedTask>();
  /** Those of them whose work is done: the next is claimed while their end is on its way. */
  readonly #ending = new Set<ClaimedTask>();
  #buffer: ClaimedTask<Context>[] = [];
  /** Claims on their way, oldest first, and how many tasks they ask for. */
  readonly #claims: Promise<void>[] = [];
  #asked = 0;
  /** The last claim got all that one may ask for: another is worth its while before this one is back. */
  #wasFull = false;
  #free = Promise.withResolvers<void>();
  #last: Promise<unknown> = Promise.resolve();
  /** Calls of `next` that wait for their turn or for a task. */
  #turns = 0;
  #failures = 0;
  #hasClaimed = false;
  #heeded: LiveWorker | undefined;
  /** Aborted when this stops, or when the worker that is heeded is gone: no claim is of use then. */
  #end: AbortSignal;
  readonly #places: Places = {
    ending: (task, isEnding) => {
      if (!isEnding) this.#ending.delete(task);
      else if (this.#unsettled.has(task)) this.#ending.add(task);
      this.#free.resolve();
    },
    over: (task) => {
      this.#unsettled.delete(task);
      this.#ending.delete(task);
      this.#free.resolve();
    },
  };

  /** @internal */
  constructor(home: StreamHome<Context>, options: ListenOptions = {}) {
    const { signal, pollInterval = 2, concurrency = 1, start = false } = options;
    this.#home = home;
    this.#pollMs = Math.max(0.05, pollInterval) * 1000;
    this.#concurrency = Math.max(1, Math.floor(concurrency));
    this.#start = start;
    this.#end = this.#stop.signal;
    if (signal?.aborted) this.#stop.abort();
    signal?.addEventListener("abort", () => this.stop(), { once: true, signal: this.#stop.signal });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next task; done once the stream was stopped. Calls that overlap take turns. */
  next(): Promise<IteratorResult<ClaimedTask<Context>, undefined>> {
    const ready = this.#turns === 0 ? this.#ready() : undefined;
    if (ready !== undefined) return Promise.resolve(ready);
    this.#turns += 1;
    const turn = this.#last.then(() => this.#turn());
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** No new claims; the tasks in hand go on. */
  stop(): void {
    this.#stop.abort();
  }

  /** Stops; called when a loop is left. */
  async return(): Promise<IteratorResult<ClaimedTask<Context>, undefined>> {
    this.stop();
    await this.#last;
    await this.#giveBack();
    return { done: true, value: undefined };
  }

  /** Resolves when every task that was handed out is settled. */
  async drained(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.all([...this.#unsettled].map((task) => task.settled));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #turn(): Promise<IteratorResult<ClaimedTask<Context>, undefined>> {
    try {
      return await this.#next();
    } finally {
      this.#turns -= 1;
    }
  }

  async #next(): Promise<IteratorResult<ClaimedTask<Context>, undefined>> {
    const { signal } = this.#stop;
    for (;;) {
      const ready = this.#ready();
      if (ready !== undefined) return ready;
      if (signal.aborted) break;
      try {
        await this.#placeFree();
        this.#claimAhead();
        await this.#claims.shift();
        this.#failures = 0;
      } catch (error) {
        if (!signal.aborted) await this.#afterFailure(error);
      }
    }
    await this.#giveBack();
    return { done: true, value: undefined };
  }

  /** What was lost while it lay here is not handed out any more, nor, once stopped, what can still be given back. */
  #ready(): IteratorYieldResult<ClaimedTask<Context>> | undefined {
    if (!this.#start && this.#stop.signal.aborted) return undefined;
    let value = this.#buffer.shift();
    while (value?.isAborted === true) value = this.#buffer.shift();
    if (value === undefined) return undefined;
    if (this.#wasFull) this.#claimAhead();
    return { done: false, value };
  }

  /** Places for further tasks. Where ends do not arrive, not for more than as many again. */
  get #room(): number {
    const { size } = this.#unsettled;
    return Math.min(this.#concurrency - size + this.#ending.size, 2 * this.#concurrency - size);
  }

  async #placeFree(): Promise<void> {
    while (this.#room <= 0) {
      this.#free = Promise.withResolvers();
      await unlessAborted(this.#free.promise, this.#stop.signal);
    }
  }

  /** Sends claims: one, or, in a backlog, several, so that the server is at work on the next while this side takes one in. */
  #claimAhead(): void {
    const most = this.#wasFull ? CLAIMS_AHEAD : 1;
    while (this.#claims.length < most) {
      const limit = Math.min(MAX_TASKS_PER_CLAIM, this.#room - this.#asked);
      if (limit <= 0 || this.#stop.signal.aborted) return;
      this.#asked += limit;
      const claim = this.#fill(limit).finally(() => {
        this.#asked -= limit;
      });
      // Whoever asks for the next task hears of it; until then it is not unheard.
      claim.catch(() => {});
      this.#claims.push(claim);
    }
  }

  /** One claim; where nothing came and the server did not hold the answer, a rest. */
  async #fill(limit: number): Promise<void> {
    const { session } = this.#home;
    const worker = session.current ?? (await unlessAborted(session.ready(), this.#stop.signal));
    this.#heed(worker);
    const began = performance.now();
    const tasks = await this.#claim(worker, limit);
    this.#hasClaimed = true;
    this.#wasFull = tasks.length === MAX_TASKS_PER_CLAIM;
    let took = 0;
    const take = this.#home.taker(worker, this.#places);
    for (const wire of tasks) if (this.#take(take, wire, worker)) took += 1;
    const restMs = this.#pollMs - (performance.now() - began);
    if (took === 0 && restMs > 0) await sleep(restMs * (0.5 + Math.random() / 2), this.#stop.signal);
  }

  /** A worker that is given no task any more has no reason to go on asking. */
  #heed(worker: LiveWorker): void {
    if (this.#heeded === worker) return;
    this.#heeded = worker;
    this.#end = AbortSignal.any([this.#stop.signal, worker.gone]);
    if (worker.drained.aborted) this.stop();
    worker.drained.addEventListener("abort", () => this.stop(), { once: true, signal: this.#stop.signal });
  }

  async #claim(worker: LiveWorker, limit: number): Promise<Task[]> {
    const { client, session } = this.#home;
    const wait = LONGEST_TURN_SECONDS - Math.floor(Math.random() * 5);
    const options = { wait, signal: this.#end, retry: false, timeoutSeconds: 10 };
    const start = this.#start ? { start: true } : {};
    try {
      if (limit === 1) {
        const { body } = await client.call(
          "claimTask",
          { body: { worker_id: worker.id, ...start } },
          options,
        );
        if (body.draining === true) session.drain(worker.id);
        return body.task === null ? [] : [body.task];
      }
      const request = { params: { worker_id: worker.id }, body: { limit, ...start } };
      const { body } = await client.call("claimTasks", request, options);
      if (body.draining === true) session.drain(worker.id);
      return body.tasks;
    } catch (error) {
      if (error instanceof WorkerNotFoundError) session.forget(worker.id);
      else if (worker.gone.aborted && !this.#stop.signal.aborted) return [];
      // Cut off, whether by the network or by our own stop: what it may have claimed is to come back to the others.
      if (!(error instanceof ProblemError)) session.claimLost();
      throw error;
    }
  }

  #take(take: (wire: Task) => ClaimedTask<Context> | undefined, wire: Task, worker: LiveWorker): boolean {
    const { logger } = this.#home;
    if (wire.worker_id !== worker.id) {
      logger.error({ task: wire.id, worker: worker.id }, "a claim answered with somebody else's task");
      return false;
    }
    const task = take(wire);
    if (task === undefined) return false;
    // Between the claim and here the server may have forgotten the worker: such a task is nobody's.
    if (worker.gone.aborted) task.lose("lost");
    else {
      this.#unsettled.add(task);
      this.#buffer.push(task);
    }
    return true;
  }

  async #giveBack(): Promise<void> {
    await Promise.allSettled(this.#claims.splice(0));
    const rest = this.#buffer;
    this.#buffer = [];
    await Promise.all(rest.map((task) => task.interrupt("the worker stopped before it began")));
  }

  /** Rests, or gives up: what was right once and is not now passes, what was never right is the caller's to know. */
  async #afterFailure(error: unknown): Promise<void> {
    if (error instanceof WorkerNotFoundError) return;
    const passes =
      isTransient(error) ||
      (this.#hasClaimed && (error instanceof InternalServerError || error instanceof ProtocolError)) ||
      // A token that is renewed in time is there at the next try; one that is not will not be.
      (this.#hasClaimed && error instanceof UnauthorizedError && this.#failures < 3);
    if (!passes) {
      this.stop();
      throw error;
    }
    this.#failures += 1;
    this.#home.logger.warn({ err: error, failures: this.#failures }, "could not claim; trying again");
    await sleep(retryDelay(this.#failures, BACKOFF, error) * 1000, this.#stop.signal).catch(() => {});
  }
}
