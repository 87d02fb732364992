import type { Session } from "./session.ts";
import type { PlanMode } from "./session-settings.ts";

/** A call that waits for a session. */
interface WaitingCall {
  provide(session: Session): void;
  reject(error: unknown): void;
}

/** The calls that wait for a session. Lookups and all other calls have separate queues. */
export class SessionQueue {
  readonly #waiting: Readonly<Record<PlanMode, Set<WaitingCall>>> = { default: new Set(), lookup: new Set() };
  #lastServed: PlanMode = "default";

  get size(): number {
    return this.#waiting.default.size + this.#waiting.lookup.size;
  }

  /** Waits for a session. After `waitMs`, rejects with the error that `getError` returns. */
  wait(planMode: PlanMode, waitMs: number, getError: () => unknown): Promise<Session> {
    const { promise, resolve, reject: rejectCall } = Promise.withResolvers<Session>();
    const queue = this.#waiting[planMode];
    const timer = setTimeout(() => call.reject(getError()), waitMs);
    const leave = () => {
      clearTimeout(timer);
      queue.delete(call);
    };
    const call: WaitingCall = {
      provide(session) {
        leave();
        resolve(session);
      },
      reject(error) {
        leave();
        rejectCall(error);
      },
    };
    queue.add(call);
    return promise;
  }

  /**
   * Passes sessions to waiting calls. `take` returns a session, `missing` if a session must be opened, or
   * `full` if this plan mode has its maximum number. Returns the plan modes of the missing sessions. The plan
   * modes take turns, so that with a single session neither starves the other.
   */
  serve(take: (planMode: PlanMode, missing: number) => Session | "missing" | "full"): PlanMode[] {
    const missing: PlanMode[] = [];
    const order =
      this.#lastServed === "lookup" ? (["default", "lookup"] as const) : (["lookup", "default"] as const);
    for (const planMode of order) {
      let count = 0;
      for (const call of this.#waiting[planMode]) {
        const session = take(planMode, count);
        if (session === "full") break;
        if (session === "missing") {
          count += 1;
          missing.push(planMode);
        } else {
          this.#lastServed = planMode;
          call.provide(session);
        }
      }
    }
    return missing;
  }

  rejectFirst(error: unknown): void {
    const [first] = [...this.#waiting.lookup, ...this.#waiting.default];
    first?.reject(error);
  }

  rejectAll(error: unknown): void {
    for (const call of [...this.#waiting.lookup, ...this.#waiting.default]) call.reject(error);
  }
}
