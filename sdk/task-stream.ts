import type { Task } from "../protocol/index.ts";
import { MAX_TASKS_PER_CLAIM } from "../protocol/index.ts";
import { canRetryClaim, claimTasks } from "./claim-call.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import type { JoblibClient } from "./client.ts";
import { WorkerNotFoundError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { getRetryDelay } from "./retry.ts";
import { rejectOnAbort, sleep } from "./sleep.ts";
import type { TaskLifecycle } from "./task-environment.ts";
import { WaitGroup } from "./wait-group.ts";
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
export interface StreamEnvironment<Context> {
  readonly client: JoblibClient;
  readonly logger: Logger;
  readonly session: WorkerSession;
  /** What takes tasks into a worker's hands, unless they are there; `places` are those that they take. */
  createTaskFactory(
    worker: LiveWorker,
    places: TaskLifecycle,
  ): (wire: Task) => ClaimedTask<Context> | undefined;
}

/** With four a backlog goes 3 % faster than with two: the server puts them into one statement. */
const MAX_CONCURRENT_CLAIMS = 4;

/** Who began so soon met no backlog: there its end comes first, for the claim of the next made it known 0.5 ms later. */
const MIN_BACKLOG_WAIT_MS = 50;

/** True for a task that was there for a while before it began, by the server's clock. */
const hasWaitedInQueue = ({ created_at, run_at, started_at }: Task): boolean =>
  started_at === null ||
  Date.parse(started_at) - Math.max(Date.parse(created_at), Date.parse(run_at)) > MIN_BACKLOG_WAIT_MS;

const CLAIM_RETRY = { attempts: 0, baseSeconds: 0.5, maxSeconds: 30, deadlineSeconds: 0 };

/**
 * Claimed tasks, one after the other: the next comes when fewer than `concurrency` are at work.
 * Leaving the loop stops it; a task that was handed out stays its taker's.
 */
export class TaskStream<Context = unknown>
  implements AsyncIterableIterator<ClaimedTask<Context>>, AsyncDisposable
{
  readonly #environment: StreamEnvironment<Context>;
  readonly #stop = new AbortController();
  readonly #pollMs: number;
  readonly #concurrency: number;
  readonly #start: boolean;
  readonly #unsettled = new WaitGroup();
  /** Those of them whose work is done: the next is claimed while their end is on its way. */
  #ending = 0;
  #buffer: ClaimedTask<Context>[] = [];
  /** Claims on their way, and how many tasks they ask for. Any of them may be the next to be answered. */
  readonly #claims = new Set<Promise<void>>();
  #asked = 0;
  /** The last claim got all that one may ask for: another is worth its while before this one is back. */
  #wasFull = false;
  /** A claim was answered, a place is free, a rest is over, or this was stopped: `next` looks again. */
  #news = Promise.withResolvers<void>();
  #last: Promise<unknown> = Promise.resolve();
  /** Calls of `next` that wait for their turn or for a task. */
  #turns = 0;
  #failures = 0;
  #isResting = false;
  /** What no waiting mends. */
  #fatal: { readonly error: unknown } | undefined;
  #hasClaimed = false;
  #heeded: LiveWorker | undefined;
  /** Aborted when this stops, or when the worker that is heeded is gone: no claim is of use then. */
  #end: AbortSignal;
  readonly #places: TaskLifecycle = {
    onEnding: (task, isEnding) => {
      this.#makeRoom(task, isEnding && (this.#wasFull || hasWaitedInQueue(task.task)));
      this.#news.resolve();
    },
    onSettled: (task) => {
      this.#makeRoom(task, false);
      this.#unsettled.done();
      this.#news.resolve();
    },
  };

  /** @internal */
  constructor(home: StreamEnvironment<Context>, options: ListenOptions = {}) {
    const { signal, pollInterval = 2, concurrency = 1, start = false } = options;
    this.#environment = home;
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
    this.#news.resolve();
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
    await this.#unsettled.wait();
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
    for (;;) {
      const ready = this.#ready();
      if (ready !== undefined) return ready;
      if (this.#stop.signal.aborted) break;
      this.#news = Promise.withResolvers();
      this.#claimAhead();
      await this.#news.promise;
    }
    await this.#giveBack();
    const fatal = this.#fatal;
    this.#fatal = undefined;
    if (fatal !== undefined) throw fatal.error;
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
    return this.#concurrency + Math.min(this.#ending, this.#concurrency) - this.#unsettled.count;
  }

  #makeRoom(task: ClaimedTask, makesRoom: boolean): void {
    if (task.freesSlot === makesRoom) return;
    task.freesSlot = makesRoom;
    this.#ending += makesRoom ? 1 : -1;
  }

  /** Sends claims: one, or, in a backlog, several, so that the server is at work on the next while this side takes one in. */
  #claimAhead(): void {
    const most = this.#wasFull ? MAX_CONCURRENT_CLAIMS : 1;
    while (this.#claims.size < most && !this.#isResting && !this.#stop.signal.aborted) {
      const limit = Math.min(MAX_TASKS_PER_CLAIM, this.#room - this.#asked);
      if (limit <= 0) return;
      this.#asked += limit;
      const claim: Promise<void> = this.#fill(limit)
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          this.#asked -= limit;
          this.#claims.delete(claim);
          this.#news.resolve();
        });
      this.#claims.add(claim);
    }
  }

  /** One claim; where nothing came and the server did not hold the answer, a rest. */
  async #fill(limit: number): Promise<void> {
    const { session } = this.#environment;
    const { signal } = this.#stop;
    const worker = session.current ?? (await rejectOnAbort(session.ready(), signal));
    this.#heed(worker);
    const began = performance.now();
    const tasks = await this.#claim(worker, limit);
    this.#hasClaimed = true;
    this.#failures = 0;
    this.#wasFull = tasks.length === MAX_TASKS_PER_CLAIM;
    let took = 0;
    const take = this.#environment.createTaskFactory(worker, this.#places);
    for (const wire of tasks) if (this.#take(take, wire, worker)) took += 1;
    const restMs = this.#pollMs - (performance.now() - began);
    if (took === 0 && restMs > 0) await sleep(restMs * (0.5 + Math.random() / 2), signal);
  }

  async #claim(worker: LiveWorker, limit: number): Promise<readonly Task[]> {
    try {
      return await claimTasks(this.#environment, { worker, limit, start: this.#start, signal: this.#end });
    } catch (error) {
      const isCut = worker.gone.aborted && !this.#stop.signal.aborted;
      if (isCut && !(error instanceof WorkerNotFoundError)) return [];
      throw error;
    }
  }

  /** A worker that is given no task any more has no reason to go on asking. */
  #heed(worker: LiveWorker): void {
    if (this.#heeded === worker) return;
    this.#heeded = worker;
    this.#end = AbortSignal.any([this.#stop.signal, worker.gone]);
    if (worker.drained.aborted) this.stop();
    worker.drained.addEventListener("abort", () => this.stop(), { once: true, signal: this.#stop.signal });
  }

  #take(take: (wire: Task) => ClaimedTask<Context> | undefined, wire: Task, worker: LiveWorker): boolean {
    const { logger } = this.#environment;
    if (wire.worker_id !== worker.id) {
      logger.error({ task: wire.id, worker: worker.id }, "a claim answered with somebody else's task");
      return false;
    }
    const task = take(wire);
    if (task === undefined) return false;
    // Between the claim and here the server may have forgotten the worker: such a task is nobody's.
    this.#unsettled.add();
    if (worker.gone.aborted) task.markLost("lost");
    else this.#buffer.push(task);
    return true;
  }

  async #giveBack(): Promise<void> {
    await Promise.all(this.#claims);
    const rest = this.#buffer;
    this.#buffer = [];
    await Promise.all(rest.map((task) => task.interrupt("the worker stopped before it began")));
  }

  /** Rests, or gives up. Claims that fail together, or while it rests, met the same trouble. */
  #failed(error: unknown): void {
    if (this.#stop.signal.aborted || this.#isResting || error instanceof WorkerNotFoundError) return;
    if (!canRetryClaim(error, this.#hasClaimed, this.#failures)) {
      this.#fatal = { error };
      this.stop();
      return;
    }
    this.#failures += 1;
    this.#environment.logger.warn({ err: error, failures: this.#failures }, "could not claim; trying again");
    this.#isResting = true;
    const rested = sleep(getRetryDelay(this.#failures, CLAIM_RETRY, error) * 1000, this.#stop.signal);
    void rested
      .catch(() => {})
      .finally(() => {
        this.#isResting = false;
        this.#news.resolve();
      });
  }
}
