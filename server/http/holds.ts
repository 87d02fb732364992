import type { FastifyReply } from "fastify";
import { Problem } from "../../protocol/index.ts";
import type { Meter } from "../meter.ts";
import type { Hold } from "../use-cases/hold.ts";

/** The requests that are held open: counted, ended with their clients, and all answered when the server closes. */
export class Holds {
  readonly #open = new Map<AbortController, Promise<unknown>>();
  readonly #max: number;
  readonly #meter: Pick<Meter, "waiting">;
  #isClosing = false;

  constructor(max: number, meter: Pick<Meter, "waiting">) {
    this.#max = max;
    this.#meter = meter;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Lets work wait for at most that long; 503 where too many do already. */
  async during<Value>(
    reply: FastifyReply,
    seconds: number,
    work: (hold: Hold) => Promise<Value>,
  ): Promise<Value> {
    const controller = new AbortController();
    const hold = {
      seconds: this.#isClosing ? 0 : seconds,
      signal: controller.signal,
      get isClientGone() {
        return reply.raw.destroyed && !reply.raw.writableFinished;
      },
    };
    if (hold.seconds <= 0) return work(hold);
    if (this.#open.size >= this.#max) {
      throw new Problem("service-unavailable", "Too many requests are waiting here.", { retryAfter: 5 });
    }
    const onClose = () => controller.abort();
    reply.raw.once("close", onClose);
    const working = work(hold);
    this.#open.set(controller, working);
    this.#meter.waiting(1);
    try {
      return await working;
    } finally {
      this.#open.delete(controller);
      this.#meter.waiting(-1);
      reply.raw.off("close", onClose);
    }
  }

  /** Everybody who waits is answered now; resolves when the last of them needs the database no longer. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const controller of this.#open.keys()) controller.abort();
    await Promise.allSettled(this.#open.values());
  }
}
