/** Options of a `Batcher`: how it combines calls into batches, and how it runs the batches. */
export interface BatcherOptions<Call, Result> {
  /** Runs a batch. Returns the outcomes in the order of the calls; an `Error` rejects its call. */
  run(calls: readonly Call[]): Promise<readonly (Result | Error)[]>;
  /**
   * Runs a single call: either the only call of a batch, or one of the calls of a failed batch,
   * which are then run concurrently. Without this function, `run` is called with each call as a
   * batch of one, one after another.
   */
  runOne?(call: Call): Promise<Result>;
  /**
   * Returns true if the error of a batch is not caused by one of its calls, for example because the
   * database is unavailable. Then every call of the batch fails with this error. Otherwise each
   * call is run again separately, so that only the faulty call fails.
   */
  failsWholeBatch?(error: unknown): boolean;
  /**
   * Maximum total weight of a batch. A heavier call is the only one in its batch. Default: no
   * limit.
   */
  readonly maxWeight?: number;
  /** Returns the weight of a call. By default, each call has the weight 1. */
  getWeight?(call: Call): number;
  /**
   * Returns the key of a call. Calls with the same key are never in the same batch and keep their
   * order.
   */
  getKey?(call: Call): string;
  /**
   * Returns the lane of a call. Calls in different lanes are never in the same batch, and do not
   * wait for each other.
   */
  getLane?(call: Call): unknown;
  /**
   * Maximum number of concurrent batches per lane. While a batch is running, only a full batch
   * starts; a smaller batch waits and grows. Must be 1 if `getKey` is set. Default: 1.
   */
  readonly maxConcurrency?: number;
  /**
   * Delays the start of a batch: calls `start` later, so that more calls can join the batch. By
   * default, a batch starts at the end of the current turn of the event loop, or as soon as the
   * previous batch has ended.
   */
  schedule?(start: () => void): void;
}

interface QueuedCall<Call, Result> {
  readonly call: Call;
  readonly weight: number;
  readonly isGone: (() => boolean) | undefined;
  readonly completion: PromiseWithResolvers<Result | undefined>;
}

interface Lane<Call, Result> {
  readonly key: unknown;
  waiting: QueuedCall<Call, Result>[];
  /** Total weight of the waiting calls. */
  weight: number;
  /** Number of running batches. */
  running: number;
  isScheduled: boolean;
}

/**
 * Combines concurrent calls into batches. Calls that are made while a batch is running wait for the
 * next one. Every call has its own outcome.
 */
export class Batcher<Call, Result> {
  readonly #options: BatcherOptions<Call, Result>;
  readonly #maxWeight: number;
  readonly #maxConcurrency: number;
  readonly #lanes = new Map<unknown, Lane<Call, Result>>();

  constructor(options: BatcherOptions<Call, Result>) {
    this.#options = options;
    this.#maxWeight = options.maxWeight ?? Number.POSITIVE_INFINITY;
    this.#maxConcurrency = options.maxConcurrency ?? 1;
  }

  /**
   * Adds a call to the next batch and returns its result. If `isGone` returns true when the batch
   * starts, the caller no longer waits for the result: the call is omitted and its result is
   * undefined.
   */
  add(call: Call): Promise<Result>;
  add(call: Call, isGone: (() => boolean) | undefined): Promise<Result | undefined>;
  add(call: Call, isGone?: () => boolean): Promise<Result | undefined> {
    const key = this.#options.getLane?.(call);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, waiting: [], weight: 0, running: 0, isScheduled: false };
      this.#lanes.set(key, lane);
    }
    const weight = this.#options.getWeight?.(call) ?? 1;
    const completion = Promise.withResolvers<Result | undefined>();
    lane.waiting.push({ call, weight, isGone, completion });
    lane.weight += weight;
    if (lane.running < this.#maxConcurrency) this.#schedule(lane);
    return completion.promise;
  }

  #schedule(lane: Lane<Call, Result>): void {
    if (lane.isScheduled) return;
    lane.isScheduled = true;
    const start = () => {
      lane.isScheduled = false;
      this.#startBatches(lane);
    };
    if (this.#options.schedule === undefined) scheduleAtEndOfTurn(start);
    else this.#options.schedule(start);
  }

  #startBatches(lane: Lane<Call, Result>): void {
    while (this.#canStart(lane)) {
      const batch = this.#takeBatch(lane);
      if (batch.length > 0) void this.#runInLane(batch, lane);
    }
    if (lane.running === 0 && !lane.isScheduled) this.#lanes.delete(lane.key);
  }

  #canStart({ waiting, weight, running }: Lane<Call, Result>): boolean {
    if (waiting.length === 0 || running === 0) return waiting.length > 0;
    return running < this.#maxConcurrency && weight >= this.#maxWeight;
  }

  /**
   * Removes the calls of the next batch from the lane. The other calls keep waiting, in the same
   * order.
   */
  #takeBatch(lane: Lane<Call, Result>): QueuedCall<Call, Result>[] {
    const options = this.#options;
    const batch: QueuedCall<Call, Result>[] = [];
    const rest: QueuedCall<Call, Result>[] = [];
    const keys = new Set<string>();
    let batchWeight = 0;
    let isFull = false;
    for (const queued of lane.waiting) {
      const { call, weight, isGone, completion } = queued;
      if (isGone?.() === true) {
        completion.resolve(undefined);
        lane.weight -= weight;
        continue;
      }
      isFull ||= batch.length > 0 && batchWeight + weight > this.#maxWeight;
      const key = options.getKey?.(call);
      if (isFull || (key !== undefined && keys.has(key))) {
        rest.push(queued);
      } else {
        batch.push(queued);
        batchWeight += weight;
      }
      // The key is added even if the call keeps waiting: a later call with the same key must not
      // overtake it.
      if (key !== undefined) keys.add(key);
    }
    lane.waiting = rest;
    lane.weight -= batchWeight;
    return batch;
  }

  async #runInLane(batch: readonly QueuedCall<Call, Result>[], lane: Lane<Call, Result>): Promise<void> {
    lane.running += 1;
    await this.#runBatch(batch);
    lane.running -= 1;
    if (this.#options.schedule === undefined) this.#startBatches(lane);
    else this.#schedule(lane);
  }

  async #runBatch(batch: readonly QueuedCall<Call, Result>[]): Promise<void> {
    const options = this.#options;
    if (batch.length === 1 && options.runOne !== undefined) return this.#runSeparately(batch);
    try {
      const outcomes = await options.run(batch.map(({ call }) => call));
      batch.forEach(({ completion }, index) => {
        const outcome = outcomes[index];
        if (outcome instanceof Error) completion.reject(outcome);
        else completion.resolve(outcome);
      });
    } catch (error) {
      if (batch.length > 1 && options.failsWholeBatch?.(error) !== true) await this.#runSeparately(batch);
      else for (const { completion } of batch) completion.reject(error);
    }
  }

  async #runSeparately(batch: readonly QueuedCall<Call, Result>[]): Promise<void> {
    const options = this.#options;
    if (options.runOne === undefined) {
      for (const queued of batch) await this.#runBatch([queued]);
      return;
    }
    await Promise.all(
      batch.map(({ call, completion }) => options.runOne?.(call).then(completion.resolve, completion.reject)),
    );
  }
}

/**
 * Calls `start` at the end of the current turn of the event loop. Uses `setTimeout` in browsers,
 * because they do not have `setImmediate`.
 */
const scheduleAtEndOfTurn = (start: () => void): void => {
  const scope: object = globalThis;
  const { setImmediate = setTimeout }: { setImmediate?: (callback: () => void) => unknown } = scope;
  setImmediate(start);
};
