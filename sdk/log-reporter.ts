import {
  type LogLevel,
  MAX_LINE_LENGTH,
  MAX_LINES_PER_ATTEMPT,
  MAX_LINES_PER_UPDATE,
  type NewLogLine,
} from "../protocol/index.ts";
import { toStorableText, toText } from "./json.ts";
import { sleep } from "./sleep.ts";

/** Lines that come within so many milliseconds travel together; the first goes at once. */
const BATCH_DELAY_MS = 100;
/** What a server that cannot be reached may cost in memory: lines beyond it push the oldest out. */
const MAX_QUEUED_LINES = 2000;
const TRUNCATION_NOTICE = "… further lines of this attempt are not kept";

/** Sends a task's lines in their order, with one request on its way at most; they are counted, so sending twice does no harm. */
export class LogReporter {
  readonly #send: (lines: NewLogLine[]) => Promise<unknown>;
  #waiting: NewLogLine[] = [];
  #count = 0;
  #sending: Promise<void> | undefined;
  #hurry = new AbortController();

  constructor(send: (lines: NewLogLine[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** Never throws and never waits: a line that cannot be sent is not worth a task. */
  add(level: LogLevel, text: string): void {
    const at = new Date().toISOString();
    for (const line of toText(text).split(/\r?\n/)) {
      if (this.#count >= MAX_LINES_PER_ATTEMPT) return;
      const isLast = this.#count === MAX_LINES_PER_ATTEMPT - 1;
      const kept = toStorableText(isLast ? TRUNCATION_NOTICE : line, 4 * MAX_LINE_LENGTH)
        .slice(0, MAX_LINE_LENGTH)
        .toWellFormed();
      this.#waiting.push({ number: this.#count, at, level, text: kept });
      this.#count += 1;
    }
    if (this.#waiting.length > MAX_QUEUED_LINES)
      this.#waiting.splice(0, this.#waiting.length - MAX_QUEUED_LINES);
    this.#sending ??= this.#drain();
  }

  /** Resolves when what is there was sent, or could not be: a task's end comes after its lines. */
  async idle(): Promise<void> {
    this.#hurry.abort();
    await this.#sending;
    this.#hurry = new AbortController();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#send(this.#waiting.splice(0, MAX_LINES_PER_UPDATE)).catch(() => {});
      if (this.#waiting.length === 0 || this.#waiting.length < MAX_LINES_PER_UPDATE) {
        await sleep(BATCH_DELAY_MS, this.#hurry.signal).catch(() => {});
      }
    }
    this.#sending = undefined;
  }
}

/** A value as it stands behind a message. */
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

/** `message key=value …`, as a line of a log. */
export const formatLine = (fields: object, message: string): string =>
  [message, ...Object.entries(fields).map(([name, value]) => `${name}=${formatField(value)}`)].join(" ");
