import type { FastifyReply } from "fastify";
import { Problem } from "../../protocol/index.ts";
import type { Meter } from "../meter.ts";
import type { Settings } from "../settings.ts";
import type { LongPoll } from "../use-cases/long-poll.ts";
import { UserConcurrencyLimit } from "./user-concurrency-limit.ts";

/** How long a request is to wait, and whose it is. */
export interface LongPollOptions {
  readonly seconds: number;
  readonly userId: string;
  readonly what: "request" | "stream";
  /** Called where it does wait. */
  readonly onWait: () => void;
}

/** A hold that ends with its client: a signal is made for those that ask for one, which answers at once never do. */
class OpenLongPoll implements LongPoll {
  readonly seconds: number;
  /** What is held, and where among all that are: see `Holds`. */
  working: Promise<unknown> | undefined;
  place = -1;
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

/** The requests that are held open: counted, ended with their clients, and all answered when the server closes. */
export class LongPolls {
  /**
   * In no order; not a `Map`, for V8 leaves each table that one has outgrown pointing to the next: a claim's answer, with its
   * hundred tasks, was kept until the next full collection.
   */
  readonly #open: OpenLongPoll[] = [];
  readonly #max: number;
  readonly #shares: UserConcurrencyLimit;
  readonly #meter: Pick<Meter, "waiting">;
  #isClosing = false;

  constructor(
    settings: Pick<Settings, "long_poll_max_waiting" | "long_poll_max_per_user">,
    meter: Pick<Meter, "waiting">,
  ) {
    this.#max = settings.long_poll_max_waiting;
    this.#shares = new UserConcurrencyLimit(
      settings.long_poll_max_per_user,
      "Too many of your requests are waiting here.",
    );
    this.#meter = meter;
  }

  get size(): number {
    return this.#open.length;
  }

  /** Lets a user's work wait for at most that long; 503 where too many do already, 429 where too many of that user's do. */
  during<Value>(
    reply: FastifyReply,
    wait: LongPollOptions,
    work: (hold: LongPoll) => Promise<Value>,
  ): Promise<Value> {
    const hold = new OpenLongPoll(this.#isClosing ? 0 : wait.seconds, reply.raw);
    return hold.seconds <= 0 ? work(hold) : this.#keep(reply, hold, { ...wait, work });
  }

  /** Everybody who waits is answered now; resolves when the last of them needs the database no longer. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const open = [...this.#open];
    for (const { controller } of open) controller.abort();
    await Promise.allSettled(open.map(({ working }) => working));
  }

  async #keep<Value>(
    reply: FastifyReply,
    hold: OpenLongPoll,
    {
      userId,
      what,
      onWait: onHold,
      work,
    }: LongPollOptions & { readonly work: (hold: LongPoll) => Promise<Value> },
  ): Promise<Value> {
    if (this.#open.length >= this.#max) {
      throw new Problem("service-unavailable", "Too many requests are waiting here.", { retryAfter: 5 });
    }
    const putBack = this.#shares.take(userId);
    onHold();
    const onClose = () => hold.controller.abort();
    reply.raw.once("close", onClose);
    const working = work(hold);
    this.#add(hold, working);
    this.#meter.waitingChanged(what, 1);
    try {
      return await working;
    } finally {
      putBack();
      this.#remove(hold);
      this.#meter.waitingChanged(what, -1);
      reply.raw.off("close", onClose);
    }
  }

  #add(hold: OpenLongPoll, working: Promise<unknown>): void {
    hold.working = working;
    hold.place = this.#open.length;
    this.#open.push(hold);
  }

  /** The last takes its place. */
  #remove(hold: OpenLongPoll): void {
    const last = this.#open.pop();
    if (last === undefined || last === hold) return;
    this.#open[hold.place] = last;
    last.place = hold.place;
  }
}
