import type { Session } from "./session.ts";
import type { PlanMode } from "./session-settings.ts";

/** A call that waits for a session. */
interface Waiter {
  grant(session: Session): void;
  refuse(error: unknown): void;
}

/** Calls that wait for a session, those for lookups and the others each in their order. */
export class SessionQueue {
  readonly #waiting: Readonly<Record<PlanMode, Set<Waiter>>> = { free: new Set(), lookup: new Set() };
  #lastServed: PlanMode = "free";

  get size(): number {
    return this.#waiting.free.size + this.#waiting.lookup.size;
  }

  /** Waits for a session that `grant` brings; after so long it fails with what `reason` returns. */
  wait(plans: PlanMode, waitMs: number, reason: () => unknown): Promise<Session> {
    const { promise, resolve, reject } = Promise.withResolvers<Session>();
    const queue = this.#waiting[plans];
    const timer = setTimeout(() => waiter.refuse(reason()), waitMs);
    const leave = () => {
      clearTimeout(timer);
      queue.delete(waiter);
    };
    const waiter: Waiter = {
      grant(session) {
        leave();
        resolve(session);
      },
      refuse(error) {
        leave();
        reject(error);
      },
    };
    queue.add(waiter);
    return promise;
  }

  /**
   * Offers sessions to those who wait. `take` returns one of a kind, `missing` if there is none, or `full` if that kind may
   * have no more. Returns the kinds of those who could have more. The kinds take turns, so that with a single session none
   * waits for the other to pause.
   */
  serve(take: (plans: PlanMode, missing: number) => Session | "missing" | "full"): PlanMode[] {
    const missing: PlanMode[] = [];
    const order =
      this.#lastServed === "lookup" ? (["free", "lookup"] as const) : (["lookup", "free"] as const);
    for (const plans of order) {
      let count = 0;
      for (const waiter of this.#waiting[plans]) {
        const taken = take(plans, count);
        if (taken === "full") break;
        if (taken === "missing") {
          count += 1;
          missing.push(plans);
        } else {
          this.#lastServed = plans;
          waiter.grant(taken);
        }
      }
    }
    return missing;
  }

  refuseFirst(error: unknown): void {
    const [first] = [...this.#waiting.lookup, ...this.#waiting.free];
    first?.refuse(error);
  }

  refuseAll(error: unknown): void {
    for (const waiter of [...this.#waiting.lookup, ...this.#waiting.free]) waiter.refuse(error);
  }
}
