import { type Context, context, ROOT_CONTEXT } from "@opentelemetry/api";
import { Batcher, type BatcherOptions } from "../../protocol/batcher.ts";
import { MethodNotAllowedError, RouteNotFoundError } from "../errors.ts";
import { type Abortable, rejectOnAbort } from "./abort.ts";

/** Sends the calls of a `RequestBatcher`. */
export interface RequestSender<Call, Result>
  extends Pick<BatcherOptions<Call, Result>, "getLane">,
    Required<Pick<BatcherOptions<Call, Result>, "failsWholeBatch">> {
  /** Maximum number of calls in a batch. */
  readonly maxCalls: number;
  /** Sends a single call. */
  sendOne(call: Call): Promise<Result>;
  /** Sends a batch in one request. Returns the outcomes in the order of the calls. */
  sendMany(calls: readonly Call[]): Promise<readonly (Result | Error)[]>;
}

interface QueuedCall<Call> {
  readonly call: Call;
  /** Approximate size of the call in the body of a request. */
  readonly bytes: number;
  /**
   * The OpenTelemetry context of the caller. A batch does not use it, because the calls of a batch
   * may belong to several traces.
   */
  readonly callContext: Context;
}

/** Larger calls are sent individually, so that small calls do not have to wait for them. */
const LARGE_CALL_BYTES = 32 * 1024;
/** Maximum size of a batch: half of the server's default body limit. */
const MAX_BATCH_BYTES = 512_000;
/** Maximum number of concurrent requests. */
const MAX_IN_FLIGHT = 2;

/**
 * Collects the calls that are made while a request is running, and sends them together as the next
 * request. There is no timer: if no request is running, a call is sent at the end of the current
 * turn of the event loop.
 */
export class RequestBatcher<Call, Result> {
  readonly #sender: RequestSender<Call, Result>;
  readonly #batcher: Batcher<QueuedCall<Call>, Result>;
  /** No request is sent until this promise is resolved or rejected. */
  #gate: Promise<void> | undefined;
  /** True if the server is too old to support batches. */
  #isBatchUnsupported = false;

  constructor(sender: RequestSender<Call, Result>) {
    this.#sender = sender;
    const minWeight = MAX_BATCH_BYTES / sender.maxCalls;
    this.#batcher = new Batcher({
      run: (batch) => context.with(ROOT_CONTEXT, () => this.#sendMany(batch.map(({ call }) => call))),
      runOne: ({ call, callContext }) => context.with(callContext, () => sender.sendOne(call)),
      failsWholeBatch: (error) => sender.failsWholeBatch(error),
      maxWeight: MAX_BATCH_BYTES,
      getWeight: ({ bytes }) => Math.max(bytes, minWeight),
      getLane: (queued) =>
        this.#isBatchUnsupported || queued.bytes > LARGE_CALL_BYTES ? queued : sender.getLane?.(queued.call),
      maxConcurrency: MAX_IN_FLIGHT,
      // The delay lets the callers of the previous batch continue first, so that their next calls
      // are part of this batch.
      schedule: (start) => setImmediate(() => void this.#startUnpaused(start)),
    });
  }

  /**
   * Sends a call without retries. `bytes` is the approximate size of the call in the body of a
   * request. Rejects with the reason of `signal` as soon as the signal is aborted. A call that has
   * not been sent by then is never sent.
   */
  send(call: Call, bytes: number, signal?: Abortable): Promise<Result> {
    const queued = { call, bytes, callContext: context.active() };
    if (signal === undefined) return this.#batcher.add(queued);
    const result = this.#batcher.add(queued, () => signal.aborted);
    // The result is undefined only if the signal is aborted, and then the returned promise is
    // already rejected.
    return rejectOnAbort(result, signal) as Promise<Result>;
  }

  /** Sends no request until the promise is resolved or rejected. */
  pauseUntil(resumed: Promise<void>): void {
    const gate = Promise.allSettled([resumed]).then(() => {
      if (this.#gate === gate) this.#gate = undefined;
    });
    this.#gate = gate;
  }

  async #startUnpaused(start: () => void): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    start();
  }

  async #sendMany(calls: readonly Call[]): Promise<readonly (Result | Error)[]> {
    try {
      return await this.#sender.sendMany(calls);
    } catch (error) {
      this.#isBatchUnsupported ||=
        error instanceof RouteNotFoundError || error instanceof MethodNotAllowedError;
      throw error;
    }
  }
}
