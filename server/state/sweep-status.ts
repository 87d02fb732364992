/** The time of the last sweep of this server, or of its last attempt while another server was sweeping. */
export class SweepStatus {
  readonly #startedAt = Date.now();
  #lastAt: number | undefined;

  sweepFinished(): void {
    this.#lastAt = Date.now();
  }

  get last(): Date | undefined {
    return this.#lastAt === undefined ? undefined : new Date(this.#lastAt);
  }

  /** Returns true if no sweep finished within three intervals. */
  isLate(intervalSeconds: number): boolean {
    return Date.now() - (this.#lastAt ?? this.#startedAt) > 3 * intervalSeconds * 1000;
  }
}
