/** Counts what is under way, and tells when nothing is. */
export class WaitGroup {
  #count = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  get count(): number {
    return this.#count;
  }

  /** One more is under way. */
  add(): void {
    this.#count += 1;
  }

  /** One of them is no longer. */
  done(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves when the count is 0. */
  async wait(): Promise<void> {
    while (this.#count > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
  }
}
