import type { Random } from "../../support/random.ts";
import { elapse } from "../clock.ts";
import type { Client } from "./client.ts";
import { Hand, type Held } from "./hand.ts";

/** How a raw worker works. */
export interface RawWorkerPlan {
  readonly random: Random;
  /** How long the work on a task takes at most. */
  readonly workMs?: number;
  /** How often it fails. */
  readonly failures?: number;
  readonly beatMs?: number;
}

/** A whole worker over plain requests: claims, starts, works, tells, beats; announces itself again when it is forgotten. */
export class RawWorker implements AsyncDisposable {
  readonly #client: Client;
  readonly #plan: RawWorkerPlan;
  readonly #end = new AbortController();
  readonly #held = new Map<string, Held>();
  readonly #running: Promise<void>[];
  #hand: Hand;

  private constructor(hand: Hand, plan: RawWorkerPlan) {
    this.#client = hand.client;
    this.#hand = hand;
    this.#plan = plan;
    this.#running = [this.#work(), this.#beats()];
  }

  static async start(client: Client, plan: RawWorkerPlan): Promise<RawWorker> {
    return new RawWorker(await Hand.of(client), plan);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
    await this.#hand.leave();
  }

  async #work(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      const hand = this.#hand;
      const task = await hand.claim({ wait: 2, signal });
      if (task !== undefined) await this.#do(hand, task);
      // Whatever kept it from claiming, an answer at once or an error, is not asked for in a tight loop.
      else await elapse(20, signal);
    }
  }

  async #do(hand: Hand, held: Held): Promise<void> {
    const { random, workMs = 20, failures = 0 } = this.#plan;
    this.#held.set(held.id, held);
    const isStarted = (await hand.insist({ f: "start", held })).outcome === "ok";
    if (isStarted) {
      await elapse(random.between(0, workMs));
      await hand.insist({ f: random.chance(failures) ? "fail" : "complete", held });
    }
    this.#held.delete(held.id);
  }

  async #beats(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await elapse(this.#plan.beatMs ?? 300, signal);
      const answer = await this.#hand.beat([...this.#held.keys()]);
      if (answer.outcome !== "fail" || signal.aborted) continue;
      this.#hand = await Hand.of(this.#client).catch(() => this.#hand);
    }
  }
}
