import type { Progress } from "../protocol/index.ts";
import { toStorableText, toText } from "./json.ts";

/** Maximum length of a message in characters, each of which has at most four bytes. */
const MAX_MESSAGE_LENGTH = 1000;

/**
 * Sends progress reports, one request at a time. Reports that are made during a request are merged, so that
 * only the latest is sent.
 */
export class ProgressReporter {
  readonly #send: (progress: Progress) => Promise<unknown>;
  #latest: Progress = {};
  #hasUnsent = false;
  #sending: Promise<void> | undefined;

  constructor(send: (progress: Progress) => Promise<unknown>) {
    this.#send = send;
  }

  /** Queues a report. Never throws and never waits, because a failed report must not fail the task. */
  report(fraction?: number, message?: string): void {
    const clamped = fraction === undefined ? Number.NaN : Math.min(1, Math.max(0, fraction));
    this.#latest = {
      ...this.#latest,
      ...(!Number.isNaN(clamped) && { fraction: clamped }),
      ...(message !== undefined && {
        message: toStorableText(toText(message), 4 * MAX_MESSAGE_LENGTH)
          .slice(0, MAX_MESSAGE_LENGTH)
          .toWellFormed(),
      }),
    };
    this.#hasUnsent = true;
    this.#sending ??= this.#sendAll();
  }

  /**
   * Resolves when all reports are sent. Call it before the task ends, because the server rejects later
   * reports.
   */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#hasUnsent) {
      this.#hasUnsent = false;
      await this.#send(this.#latest).catch(() => {});
    }
    this.#sending = undefined;
  }
}
