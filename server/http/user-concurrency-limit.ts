import { Problem } from "../../protocol/index.ts";

/**
 * Limits the number of concurrent requests of each user, so that no user can block the requests of
 * other users.
 */
export class UserConcurrencyLimit {
  readonly #max: number;
  readonly #detail: string;
  readonly #counts = new Map<string, number>();

  /** `detail` is the text of the 429 problem. */
  constructor(max: number, detail: string) {
    this.#max = max;
    this.#detail = detail;
  }

  /**
   * Counts a request, and returns a function to call when the request has ended. Throws a 429
   * problem if the user has too many concurrent requests.
   */
  acquire(userId: string): () => void {
    const count = this.#counts.get(userId) ?? 0;
    if (count >= this.#max) throw new Problem("rate-limited", this.#detail, { retryAfter: 1 });
    this.#counts.set(userId, count + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const left = (this.#counts.get(userId) ?? 1) - 1;
      if (left > 0) this.#counts.set(userId, left);
      else this.#counts.delete(userId);
    };
  }
}
