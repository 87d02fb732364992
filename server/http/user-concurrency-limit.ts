import { Problem } from "../../protocol/index.ts";

/** How much of something each user has at the same moment, so that nobody takes all of it. */
export class UserConcurrencyLimit {
  readonly #most: number;
  readonly #detail: string;
  readonly #taken = new Map<string, number>();

  constructor(most: number, detail: string) {
    this.#most = most;
    this.#detail = detail;
  }

  /** Takes one more, 429 where the user has as many as there may be; gives what puts it back, once however often it is called. */
  take(userId: string): () => void {
    const taken = this.#taken.get(userId) ?? 0;
    if (taken >= this.#most) throw new Problem("rate-limited", this.#detail, { retryAfter: 1 });
    this.#taken.set(userId, taken + 1);
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      const left = (this.#taken.get(userId) ?? 1) - 1;
      if (left > 0) this.#taken.set(userId, left);
      else this.#taken.delete(userId);
    };
  }
}
