import {
  type LogLevel,
  MAX_LINE_LENGTH,
  MAX_LINES_PER_ATTEMPT,
  MAX_LINES_PER_UPDATE,
  type NewLogLine,
} from "../../protocol/index.ts";
import { toStorableText, toText } from "../extension/json.ts";
import { sleep } from "../http/sleep.ts";

/**
 * Delay in milliseconds in which further lines are collected for the next request. The first
 * line is sent immediately.
 */
const BATCH_DELAY_MS = 100;
/** Maximum number of queued lines. If the server is unreachable, the oldest lines are dropped. */
const MAX_QUEUED_LINES = 2000;
const TRUNCATION_NOTICE = "… further lines of this attempt are not stored";

/**
 * Sends the log lines of an attempt in order, one request at a time. Lines are numbered, so repeating a
 * request has no effect.
 */
export class LogReporter {
  readonly #send: (lines: NewLogLine[]) => Promise<unknown>;
  #queued: NewLogLine[] = [];
  #count = 0;
  #sending: Promise<void> | undefined;
  #skipDelay = new AbortController();

  constructor(send: (lines: NewLogLine[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** Queues one or more lines. Never throws and never waits: a failed line must not fail the task. */
  add(level: LogLevel, text: string): void {
    const at = new Date().toISOString();
    for (const line of toText(text).split(/\r?\n/)) {
      if (this.#count >= MAX_LINES_PER_ATTEMPT) return;
      const isLast = this.#count === MAX_LINES_PER_ATTEMPT - 1;
      const stored = toStorableText(isLast ? TRUNCATION_NOTICE : line, 4 * MAX_LINE_LENGTH)
        .slice(0, MAX_LINE_LENGTH)
        .toWellFormed();
      this.#queued.push({ number: this.#count, at, level, text: stored });
      this.#count += 1;
    }
    if (this.#queued.length > MAX_QUEUED_LINES)
      this.#queued.splice(0, this.#queued.length - MAX_QUEUED_LINES);
    this.#sending ??= this.#sendAll();
  }

  /**
   * Sends the queued lines without delay. Resolves when they are sent, or have failed: the task must not end before
   * its lines arrive.
   */
  async idle(): Promise<void> {
    this.#skipDelay.abort();
    await this.#sending;
    this.#skipDelay = new AbortController();
  }

  async #sendAll(): Promise<void> {
    while (this.#queued.length > 0) {
      await this.#send(this.#queued.splice(0, MAX_LINES_PER_UPDATE)).catch(() => {});
      if (this.#queued.length === 0 || this.#queued.length < MAX_LINES_PER_UPDATE) {
        await sleep(BATCH_DELAY_MS, this.#skipDelay.signal).catch(() => {});
      }
    }
    this.#sending = undefined;
  }
}

/** Formats the value of a field. */
const formatField = (value: unknown): string => {
  if (value instanceof Error) return value.message;
  try {
    return typeof value === "string" && /^\S+$/.test(value)
      ? value
      : (JSON.stringify(value) ?? toText(value));
  } catch {
    return toText(value);
  }
};

/** Formats a message and its fields as `message key=value …`. */
export const formatLine = (fields: object, message: string): string =>
  [message, ...Object.entries(fields).map(([name, value]) => `${name}=${formatField(value)}`)].join(" ");
