import { type Context, context, ROOT_CONTEXT } from "@opentelemetry/api";

/** Ends one sender's interest in what it sent; `LazyAbort` is one. */
export interface Cancellation {
  readonly isAborted: boolean;
  readonly reason: unknown;
  onAbort(listener: () => void): () => void;
}

/** How wishes are sent. */
export interface BatchSender<Wish, Result> {
  /** Wishes of one request. */
  readonly maxCalls: number;
  sendOne(wish: Wish, giveUp: Cancellation | undefined): Promise<Result>;
  /** Many in one request; each has its own outcome, in their order. */
  sendMany(wishes: readonly Wish[]): Promise<readonly (Result | Error)[]>;
  /** True for a failure of the whole request that says nothing about any one of them: each sender is told. Else each is sent alone. */
  isForAll(error: unknown): boolean;
}

interface PendingCall<Wish, Result> {
  readonly wish: Wish;
  readonly bytes: number;
  readonly cancellation: Cancellation | undefined;
  /** Where in a trace it was sent; many in one request are of several traces, and so of none. */
  readonly from: Context;
  readonly settle: PromiseWithResolvers<Result>;
  readonly markForgotten: (() => void) | undefined;
}

/** One of that size takes its own way: the small ones would wait for it. */
const LARGE_CALL_BYTES = 32 * 1024;
/** Half of the body that a server takes unless it was told otherwise. */
const MOST_BYTES = 512 * 1024;
/** Requests that are full may go side by side; what is not waits for the one on its way, and grows. */
const MAX_IN_FLIGHT = 2;

/**
 * What comes while a request is on its way travels together in the next one. There is no timer, a lone wish goes at
 * once, and each has its own outcome.
 */
export class Batcher<Wish, Result> {
  readonly #sending: BatchSender<Wish, Result>;
  #waiting: PendingCall<Wish, Result>[] = [];
  #inFlight = 0;
  #isScheduled = false;
  /** Nothing is sent before. */
  #gate: Promise<void> | undefined;

  constructor(sending: BatchSender<Wish, Result>) {
    this.#sending = sending;
  }

  /** Sends a wish once; `bytes` is about what it adds to a body. */
  send(wish: Wish, bytes: number, giveUp?: Cancellation): Promise<Result> {
    if (bytes > LARGE_CALL_BYTES) return this.#sendLarge(wish, giveUp);
    const settle = Promise.withResolvers<Result>();
    const forget = giveUp?.onAbort(() => settle.reject(giveUp.reason));
    this.#waiting.push({
      wish,
      bytes,
      cancellation: giveUp,
      from: context.active(),
      settle,
      markForgotten: forget,
    });
    this.#schedule();
    return settle.promise;
  }

  async #sendLarge(wish: Wish, giveUp: Cancellation | undefined): Promise<Result> {
    await this.#gate;
    return this.#sending.sendOne(wish, giveUp);
  }

  /** Sends nothing before this has resolved. */
  pauseUntil(asked: Promise<void>): void {
    const gate = asked.finally(() => {
      if (this.#gate === gate) this.#gate = undefined;
      this.#schedule();
    });
    this.#gate = gate;
  }

  /** In the same turn of the event loop, together with what else that turn brings. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#gate !== undefined) return;
    this.#waiting = this.#waiting.filter(({ cancellation: giveUp }) => giveUp?.isAborted !== true);
    const { maxCalls: most } = this.#sending;
    while (
      this.#waiting.length > 0 &&
      (this.#inFlight === 0 || (this.#waiting.length >= most && this.#inFlight < MAX_IN_FLIGHT))
    ) {
      this.#inFlight += 1;
      void this.#deliver(this.#take()).finally(() => {
        this.#inFlight -= 1;
        this.#schedule();
      });
    }
  }

  #take(): PendingCall<Wish, Result>[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((one, index) => {
      bytes += one.bytes;
      return index > 0 && (index >= this.#sending.maxCalls || bytes > MOST_BYTES);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #deliver(members: readonly PendingCall<Wish, Result>[]): Promise<void> {
    if (members.length === 1) return this.#eachAlone(members);
    try {
      const wishes = members.map(({ wish }) => wish);
      const outcomes = await context.with(ROOT_CONTEXT, () => this.#sending.sendMany(wishes));
      members.forEach((member, index) => {
        const outcome = outcomes[index];
        if (outcome instanceof Error) reject(member, outcome);
        else if (outcome !== undefined) resolve(member, outcome);
      });
    } catch (error) {
      if (this.#sending.isForAll(error)) for (const member of members) reject(member, error);
      else await this.#eachAlone(members);
    }
  }

  async #eachAlone(members: readonly PendingCall<Wish, Result>[]): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        try {
          const { wish, cancellation: giveUp, from } = member;
          resolve(member, await context.with(from, () => this.#sending.sendOne(wish, giveUp)));
        } catch (error) {
          reject(member, error);
        }
      }),
    );
  }
}

const resolve = <Wish, Result>(
  { settle, markForgotten: forget }: PendingCall<Wish, Result>,
  result: Result,
): void => {
  forget?.();
  settle.resolve(result);
};

const reject = <Wish, Result>(
  { settle, markForgotten: forget }: PendingCall<Wish, Result>,
  error: unknown,
): void => {
  forget?.();
  settle.reject(error);
};
