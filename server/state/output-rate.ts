import { LRUCache } from "lru-cache";
import { Problem } from "../../protocol/index.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * The number of bytes that a user may still store, and the time at which this number was computed.
 */
interface Budget {
  bytes: number;
  at: number;
}

/**
 * Limits the output that the workers of each user store per second, with a token bucket of one
 * second. A single append may exceed the budget, so that even an append that is larger than the
 * whole budget can succeed. Later appends are then rejected until the budget is positive again.
 */
export class OutputRate {
  readonly #bytesPerSecond: number;
  readonly #budgets = new LRUCache<string, Budget>({ max: 10_000 });

  constructor({ task_output_bytes_per_second }: Pick<Settings, "task_output_bytes_per_second">) {
    this.#bytesPerSecond = task_output_bytes_per_second;
  }

  /** Counts an append. Throws a 429 problem if the user's budget is used up. */
  count(userId: string, bytes: number): void {
    const rate = this.#bytesPerSecond;
    const now = performance.now();
    const { bytes: before, at } = this.#budgets.get(userId) ?? { bytes: rate, at: now };
    const left = Math.min(rate, before + ((now - at) / 1000) * rate);
    if (left <= 0) {
      const detail = `Your workers store more than ${rate} bytes of output per second. Send the rejected parts again after the time in Retry-After.`;
      throw new Problem("rate-limited", detail, { retryAfter: Math.max(1, Math.ceil(-left / rate)) });
    }
    this.#budgets.set(userId, { bytes: left - bytes, at: now });
  }
}
