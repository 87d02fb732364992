import type { Progress } from "../../protocol/index.ts";
import { toStorableText, toText } from "../extension/json.ts";
import { sleep } from "../http/sleep.ts";

/** Maximum length of a message, in characters of at most four bytes. */
const MAX_MESSAGE_LENGTH = 1000;

/**
 * Delay in milliseconds between two reports, so that a task that reports in a loop costs the server at most 20 writes a
 * second. The first report is sent immediately.
 */
const REPORT_DELAY_MS = 50;

/** Sends progress reports, one request at a time. Reports made in the meantime are merged; only the latest is sent. */
export class ProgressReporter {
  readonly #send: (progress: Progress) => Promise<unknown>;
  #latest: Progress = {};
  #hasUnsent = false;
  #sending: Promise<void> | undefined;
  #skipDelay = new AbortController();

  constructor(send: (progress: Progress) => Promise<unknown>) {
    this.#send = send;
  }

  /** Queues a report. Never throws and never waits: a failed report must not fail the task. */
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

  /** Sends the latest report without delay. Resolves when it is sent: the server rejects reports after the end of the task. */
  async idle(): Promise<void> {
    this.#skipDelay.abort();
    await this.#sending;
    this.#skipDelay = new AbortController();
  }

  async #sendAll(): Promise<void> {
    while (this.#hasUnsent) {
      this.#hasUnsent = false;
      await this.#send(this.#latest).catch(() => {});
      await sleep(REPORT_DELAY_MS, this.#skipDelay.signal).catch(() => {});
    }
    this.#sending = undefined;
  }
}
