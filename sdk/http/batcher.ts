import { type Context, context, ROOT_CONTEXT } from "@opentelemetry/api";

/** The cancellation of one call, for example a `LazyAbort`. */
export interface Cancellation {
  readonly isAborted: boolean;
  readonly reason: unknown;
  onAbort(listener: () => void): () => void;
}

/** Sends the calls of a `Batcher`. */
export interface BatchSender<Call, Result> {
  /** Maximum number of calls in a batch. */
  readonly maxCalls: number;
  /** Sends a single call. */
  sendOne(call: Call): Promise<Result>;
  /** Sends a batch in one request. Returns the outcomes in the order of the calls. */
  sendMany(calls: readonly Call[]): Promise<readonly (Result | Error)[]>;
  /**
   * Returns true if the error of a batch request is not caused by one of its calls. Then every call fails
   * with this error. Otherwise every call is sent again individually.
   */
  isForAll(error: unknown): boolean;
}

interface PendingCall<Call, Result> {
  readonly call: Call;
  readonly bytes: number;
  readonly cancellation: Cancellation | undefined;
  /** The trace context of the caller. It is not used for batches, whose calls belong to several traces. */
  readonly callContext: Context;
  readonly deferred: PromiseWithResolvers<Result>;
  readonly unsubscribe: (() => void) | undefined;
}

/** Calls over this size are sent individually, so that small calls do not wait for them. */
const LARGE_CALL_BYTES = 32 * 1024;
/** Maximum size of a batch: half of the server's default body limit. */
const MAX_BATCH_BYTES = 512 * 1024;
/** Maximum number of concurrent requests. Only full batches are sent concurrently; other batches wait and grow. */
const MAX_IN_FLIGHT = 2;

/**
 * Combines the calls that are made during a request into one batch, which is sent as the next request. There
 * is no timer: if no request is running, a call is sent immediately. Every call has its own outcome.
 */
export class Batcher<Call, Result> {
  readonly #sender: BatchSender<Call, Result>;
  #waiting: PendingCall<Call, Result>[] = [];
  #inFlight = 0;
  #isScheduled = false;
  /** Nothing is sent until this promise settles. */
  #gate: Promise<void> | undefined;

  constructor(sender: BatchSender<Call, Result>) {
    this.#sender = sender;
  }

  /**
   * Sends a call once. `bytes` is its approximate size in the body of a request. Rejects with the reason of
   * `cancellation`.
   */
  send(call: Call, bytes: number, cancellation?: Cancellation): Promise<Result> {
    if (bytes > LARGE_CALL_BYTES) return this.#sendLarge(call);
    const deferred = Promise.withResolvers<Result>();
    const unsubscribe = cancellation?.onAbort(() => deferred.reject(cancellation.reason));
    this.#waiting.push({ call, bytes, cancellation, callContext: context.active(), deferred, unsubscribe });
    this.#schedule();
    return deferred.promise;
  }

  async #sendLarge(call: Call): Promise<Result> {
    await this.#gate;
    return this.#sender.sendOne(call);
  }

  /** Sends nothing until the promise settles. */
  pauseUntil(resumed: Promise<void>): void {
    const gate = resumed.finally(() => {
      if (this.#gate === gate) this.#gate = undefined;
      this.#schedule();
    });
    this.#gate = gate;
  }

  /** Flushes at the end of this turn of the event loop, so that all calls of the turn are in one batch. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#gate !== undefined) return;
    this.#waiting = this.#waiting.filter(({ cancellation }) => cancellation?.isAborted !== true);
    const { maxCalls } = this.#sender;
    while (
      this.#waiting.length > 0 &&
      (this.#inFlight === 0 || (this.#waiting.length >= maxCalls && this.#inFlight < MAX_IN_FLIGHT))
    ) {
      this.#inFlight += 1;
      void this.#sendBatch(this.#takeBatch()).finally(() => {
        this.#inFlight -= 1;
        this.#schedule();
      });
    }
  }

  #takeBatch(): PendingCall<Call, Result>[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((call, index) => {
      bytes += call.bytes;
      return index > 0 && (index >= this.#sender.maxCalls || bytes > MAX_BATCH_BYTES);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #sendBatch(calls: readonly PendingCall<Call, Result>[]): Promise<void> {
    if (calls.length === 1) return this.#sendEach(calls);
    try {
      const batch = calls.map(({ call }) => call);
      const outcomes = await context.with(ROOT_CONTEXT, () => this.#sender.sendMany(batch));
      calls.forEach((pending, index) => {
        const outcome = outcomes[index];
        if (outcome instanceof Error) reject(pending, outcome);
        else if (outcome !== undefined) resolve(pending, outcome);
      });
    } catch (error) {
      if (this.#sender.isForAll(error)) for (const pending of calls) reject(pending, error);
      else await this.#sendEach(calls);
    }
  }

  async #sendEach(calls: readonly PendingCall<Call, Result>[]): Promise<void> {
    await Promise.all(
      calls.map(async (pending) => {
        try {
          const { call, callContext } = pending;
          resolve(pending, await context.with(callContext, () => this.#sender.sendOne(call)));
        } catch (error) {
          reject(pending, error);
        }
      }),
    );
  }
}

const resolve = <Call, Result>(
  { deferred, unsubscribe }: PendingCall<Call, Result>,
  result: Result,
): void => {
  unsubscribe?.();
  deferred.resolve(result);
};

const reject = <Call, Result>({ deferred, unsubscribe }: PendingCall<Call, Result>, error: unknown): void => {
  unsubscribe?.();
  deferred.reject(error);
};
