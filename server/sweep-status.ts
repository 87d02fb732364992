/** When this server swept last, or left it to another that was at it. */
export class SweepWatch {
  readonly #startedAt = Date.now();
  #lastAt: number | undefined;

  /** A turn is over. */
  sweepFinished(): void {
    this.#lastAt = Date.now();
  }

  get last(): Date | undefined {
    return this.#lastAt === undefined ? undefined : new Date(this.#lastAt);
  }

  /** True where three turns went by without one. */
  isLate(intervalSeconds: number): boolean {
    return Date.now() - (this.#lastAt ?? this.#startedAt) > 3 * intervalSeconds * 1000;
  }
}
