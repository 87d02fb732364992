import type { Progress } from "../protocol/index.ts";
import { toStorableText, toText } from "./json.ts";

/** The longest message that the server takes, in characters; of four bytes at most each. */
const MAX_MESSAGE = 1000;

/** Sends progress with one report on its way at most: of those made meanwhile the latest goes next. */
export class ProgressReporter {
  readonly #send: (progress: Progress) => Promise<unknown>;
  #latest: Progress = {};
  #waiting = false;
  #sending: Promise<void> | undefined;

  constructor(send: (progress: Progress) => Promise<unknown>) {
    this.#send = send;
  }

  /** Never throws and never waits: a report that cannot be made is not worth a task. */
  report(fraction?: number, message?: string): void {
    const bounded = fraction === undefined ? Number.NaN : Math.min(1, Math.max(0, fraction));
    this.#latest = {
      ...this.#latest,
      ...(!Number.isNaN(bounded) && { fraction: bounded }),
      ...(message !== undefined && {
        message: toStorableText(toText(message), 4 * MAX_MESSAGE)
          .slice(0, MAX_MESSAGE)
          .toWellFormed(),
      }),
    };
    this.#waiting = true;
    this.#sending ??= this.#drain();
  }

  /** Resolves when the last report has been sent: a task's end must not be overtaken by one. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async #drain(): Promise<void> {
    while (this.#waiting) {
      this.#waiting = false;
      await this.#send(this.#latest).catch(() => {});
    }
    this.#sending = undefined;
  }
}
