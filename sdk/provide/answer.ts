import { UsageError } from "../errors.ts";
import { toJson } from "../extension/json.ts";
import type { RequestContent } from "../http/options.ts";

/** Options of one answer: how long servers cache it, and its version. */
export interface AnswerOptions {
  /** Seconds for which servers cache the answer. Default: the `ttlSeconds` of the provider. */
  readonly ttlSeconds?: number | undefined;
  /**
   * The version of the answer, which becomes its ETag (without quotes). Default: servers compute a
   * hash of an answer that they cache.
   */
  readonly version?: string | undefined;
}

const BRAND = Symbol.for("joblib.answer");

/**
 * An answer with its own options. A provider's `read` method can return an `Answer` instead of the
 * plain value.
 */
export class Answer {
  readonly [BRAND] = true;
  readonly value: unknown;
  readonly options: AnswerOptions;

  constructor(value: unknown, options: AnswerOptions = {}) {
    this.value = value;
    this.options = options;
  }
}

/** Returns true for an `Answer` of this or any other installed copy of joblib. */
export const isAnswer = (value: unknown): value is Answer =>
  typeof value === "object" && value !== null && BRAND in value;

const isIterable = (value: unknown): value is AsyncIterable<Uint8Array> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

/**
 * Converts an iterable to a stream. `ReadableStream.from` is not used, because browsers and
 * TypeScript's DOM types may lack it.
 */
function toStream(parts: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/**
 * Converts the value that `read` returned to the body of a request. Bytes and streams are sent
 * unchanged. If the provider's media type is JSON, any other value (also a string) is sent as JSON.
 * Otherwise, a string is sent as UTF-8, and any other value throws `UsageError`.
 */
export function toContent(value: unknown, contentType: string): RequestContent {
  if (value instanceof ReadableStream) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (isIterable(value)) return toStream(value);
  if (/^application\/(?:[a-z0-9.+-]+\+)?json\b/i.test(contentType)) return JSON.stringify(toJson(value));
  if (typeof value === "string") return value;
  throw new UsageError(
    `read must return bytes, text or a stream, because the provider's content type is ${contentType}`,
  );
}
