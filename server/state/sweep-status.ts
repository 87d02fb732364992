/**
 * Records when this server last completed a sweep, or skipped it because another server was running
 * one.
 */
export class SweepStatus {
  readonly #startedAt = new Date();
  last: Date | undefined;

  sweepFinished(): void {
    this.last = new Date();
  }

  /** Returns true if the last sweep was more than three intervals ago. */
  isLate(intervalSeconds: number): boolean {
    const last = this.last ?? this.#startedAt;
    return Date.now() - last.getTime() > 3 * intervalSeconds * 1000;
  }
}
