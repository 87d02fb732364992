/** The time of the last sweep of this server, or of its last attempt while another server was sweeping. */
export class SweepStatus {
  readonly #startedAt = new Date();
  last: Date | undefined;

  sweepFinished(): void {
    this.last = new Date();
  }

  /** Returns true if no sweep finished within three intervals. */
  isLate(intervalSeconds: number): boolean {
    const last = this.last ?? this.#startedAt;
    return Date.now() - last.getTime() > 3 * intervalSeconds * 1000;
  }
}
