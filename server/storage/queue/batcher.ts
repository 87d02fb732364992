import { StorageUnavailable } from "../sessions/storage-errors.ts";

/** How concurrent calls are combined into batches. */
export interface BatchOptions<Call, Result> {
  /** Runs one batch as one statement. Returns the results in the order of the calls. */
  run(calls: readonly Call[]): Promise<readonly Result[]>;
  /** Maximum total weight of a batch. A heavier call is the only one in its batch. */
  readonly maxWeight: number;
  /** Returns the weight of a call. Without it, each call has the weight 1. */
  getWeight?(call: Call): number;
  /** Returns a key. Calls with the same key are never in the same batch and keep their order. */
  getKey?(call: Call): string;
  /**
   * Returns the lane of a call. Calls in different lanes are never in the same batch, and do not wait for
   * each other.
   */
  getLane?(call: Call): string;
}

/**
 * Adds a call to the next batch and returns its result. If `isGone` returns true when the batch is sent, the
 * call is omitted and its result is undefined.
 */
export type BatchedCall<Call, Result> = {
  (call: Call): Promise<Result>;
  (call: Call, isGone: () => boolean): Promise<Result | undefined>;
};

interface QueuedCall<Call, Result> {
  readonly call: Call;
  readonly isGone: (() => boolean) | undefined;
  readonly completion: PromiseWithResolvers<Result | undefined>;
}

/** Runs a batch. If it fails because of one call, runs each call separately, so that only that call fails. */
const runBatch = async <Call, Result>(
  batch: readonly QueuedCall<Call, Result>[],
  run: BatchOptions<Call, Result>["run"],
): Promise<void> => {
  try {
    const results = await run(batch.map(({ call }) => call));
    batch.forEach(({ completion }, index) => {
      completion.resolve(results[index]);
    });
  } catch (error) {
    // If the database is unavailable, every call would fail, and each separate run would wait for its own
    // timeout.
    if (batch.length === 1 || error instanceof StorageUnavailable) {
      for (const { completion } of batch) completion.reject(error);
    } else {
      for (const queued of batch) await runBatch([queued], run);
    }
  }
};

/** Removes the calls of the next batch from the queue. The others stay in the queue, in their order. */
const takeBatch = <Call, Result>(
  queue: QueuedCall<Call, Result>[],
  { maxWeight, getWeight, getKey }: BatchOptions<Call, Result>,
): QueuedCall<Call, Result>[] => {
  const batch: QueuedCall<Call, Result>[] = [];
  const rest: QueuedCall<Call, Result>[] = [];
  const keys = new Set<string>();
  let batchWeight = 0;
  for (const queued of queue) {
    if (queued.isGone?.() === true) {
      queued.completion.resolve(undefined);
      continue;
    }
    const weight = getWeight?.(queued.call) ?? 1;
    const key = getKey?.(queued.call);
    const isFull = batch.length > 0 && batchWeight + weight > maxWeight;
    if (isFull) batchWeight = maxWeight;
    if (isFull || (key !== undefined && keys.has(key))) {
      rest.push(queued);
    } else {
      batch.push(queued);
      batchWeight += weight;
    }
    // The key is added even if the call stays in the queue: a later call with the same key must not overtake
    // it.
    if (key !== undefined) keys.add(key);
  }
  queue.splice(0, queue.length, ...rest);
  return batch;
};

/**
 * Creates a function that combines concurrent calls into batches. Calls that arrive while a batch is running
 * are sent in the next one. There is no timer: if no batch is running, all calls of one turn of the event
 * loop are sent together at its end.
 */
export const createBatcher = <Call, Result>(
  options: BatchOptions<Call, Result>,
): BatchedCall<Call, Result> => {
  const queues = new Map<string, QueuedCall<Call, Result>[]>();

  const runQueue = async (lane: string, queue: QueuedCall<Call, Result>[]): Promise<void> => {
    while (queue.length > 0) {
      const batch = takeBatch(queue, options);
      if (batch.length > 0) await runBatch(batch, options.run);
    }
    queues.delete(lane);
  };

  function addCall(call: Call): Promise<Result>;
  function addCall(call: Call, isGone: () => boolean): Promise<Result | undefined>;
  function addCall(call: Call, isGone?: () => boolean): Promise<Result | undefined> {
    const lane = options.getLane?.(call) ?? "";
    const completion = Promise.withResolvers<Result | undefined>();
    const queued = { call, isGone, completion };
    const queue = queues.get(lane);
    if (queue === undefined) {
      const newQueue = [queued];
      queues.set(lane, newQueue);
      setImmediate(() => void runQueue(lane, newQueue));
    } else {
      queue.push(queued);
    }
    return completion.promise;
  }
  return addCall;
};
