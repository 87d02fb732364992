import type { FastifyReply } from "fastify";
import { Problem } from "../../protocol/index.ts";
import type { Meter } from "../ports.ts";
import type { Settings } from "../settings/settings.ts";
import type { LongPoll } from "../state/long-poll.ts";
import { UserConcurrencyLimit } from "./user-concurrency-limit.ts";

export interface LongPollOptions {
  readonly seconds: number;
  readonly userId: string;
  readonly kind: "request" | "stream";
  /**
   * Called when the request becomes a long poll. From then on, it does not count as a concurrent
   * request of the user.
   */
  readonly onWait: () => void;
}

/** One long poll. The abort controller is created on demand, because few requests need one. */
class OpenLongPoll implements LongPoll {
  readonly seconds: number;
  working: Promise<unknown> | undefined;
  /** Index in the list of open long polls. */
  index = -1;
  readonly #raw: FastifyReply["raw"];
  #controller: AbortController | undefined;

  constructor(seconds: number, raw: FastifyReply["raw"]) {
    this.seconds = seconds;
    this.#raw = raw;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get controller(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }

  get isClientGone(): boolean {
    return this.#raw.destroyed && !this.#raw.writableFinished;
  }
}

/**
 * The open long polls and streams. They end when their client disconnects, and when the server
 * shuts down.
 */
export class LongPolls {
  /**
   * The long polls are in an unordered array instead of a `Map`. When a `Map` grows, V8 keeps its
   * old hash table until the next full garbage collection, and the old table keeps the large
   * responses of ended long polls in memory.
   */
  readonly #open: OpenLongPoll[] = [];
  readonly #max: number;
  readonly #userLimit: UserConcurrencyLimit;
  readonly #meter: Pick<Meter, "waitingChanged">;
  #isClosing = false;

  constructor(
    settings: Pick<Settings, "long_poll_max_open" | "long_poll_max_per_user">,
    meter: Pick<Meter, "waitingChanged">,
  ) {
    this.#max = settings.long_poll_max_open;
    this.#userLimit = new UserConcurrencyLimit(
      settings.long_poll_max_per_user,
      "You have too many open long polls. Close some, or try again later.",
    );
    this.#meter = meter;
  }

  get size(): number {
    return this.#open.length;
  }

  /**
   * Runs `work` as a long poll. Throws a 503 problem if the server has too many open long polls,
   * and a 429 problem if the user has too many.
   */
  async run<Value>(
    reply: FastifyReply,
    { seconds, userId, kind, onWait }: LongPollOptions,
    work: (longPoll: LongPoll) => Promise<Value>,
  ): Promise<Value> {
    const longPoll = new OpenLongPoll(this.#isClosing ? 0 : seconds, reply.raw);
    if (longPoll.seconds <= 0) return work(longPoll);
    if (this.#open.length >= this.#max) {
      const detail = "This server has too many open long polls. Try again later.";
      throw new Problem("service-unavailable", detail, { retryAfter: 5 });
    }
    const release = this.#userLimit.acquire(userId);
    onWait();
    const onClose = () => longPoll.controller.abort();
    reply.raw.once("close", onClose);
    const working = work(longPoll);
    longPoll.working = working;
    longPoll.index = this.#open.push(longPoll) - 1;
    this.#meter.waitingChanged(kind, 1);
    try {
      return await working;
    } finally {
      release();
      this.#remove(longPoll);
      this.#meter.waitingChanged(kind, -1);
      reply.raw.off("close", onClose);
    }
  }

  /** Ends all long polls. Resolves when none of them uses the database any longer. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const open = [...this.#open];
    for (const { controller } of open) controller.abort();
    await Promise.allSettled(open.map(({ working }) => working));
  }

  /** Removes a long poll in constant time, by moving the last entry to the free index. */
  #remove(longPoll: OpenLongPoll): void {
    const last = this.#open.pop();
    if (last === undefined || last === longPoll) return;
    this.#open[longPoll.index] = last;
    last.index = longPoll.index;
  }
}
