import type { Agent } from "undici";
import { ProtocolError } from "./errors.ts";
import { MAX_ANSWER_BYTES } from "./options.ts";
import { systemCodeOf } from "./retry.ts";

/** What of a request `fetch` is given. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly body?: string;
}

/** What of an answer is read; both Node's and undici's `Response` are one. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: Iterable<[string, string]> & { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Anything that fetches as the standard has it: `globalThis.fetch`, undici's, a test's own. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchAnswer>;

/** An answer whose body is still to come. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body; more than `MAX_ANSWER_BYTES` is a `ProtocolError`. */
  text(): Promise<string>;
  /** The body as it comes, without a bound. */
  chunks(): AsyncIterable<string>;
  /** Closes the connection rather than reading on what is not wanted. */
  discard(): Promise<void>;
}

/** Puts a request on the wire; redirects are not followed. */
export type Send = (url: string, init: FetchInit) => Promise<Received>;

/** The error of an answer without end. */
export const tooLarge = (url: string, status: number, cause?: unknown) =>
  new ProtocolError(`${url} answered more than ${MAX_ANSWER_BYTES} bytes`, status, { cause });

/** By anything that fetches. */
export const fetchSender =
  (fetch: FetchLike): Send =>
  async (url, init) => {
    const { status, headers, body } = await fetch(url, init);
    return {
      status,
      headers: Object.fromEntries(headers),
      async text() {
        const decoder = new TextDecoder();
        let text = "";
        let bytes = 0;
        for await (const chunk of body ?? []) {
          bytes += chunk.byteLength;
          if (bytes > MAX_ANSWER_BYTES) throw tooLarge(url, status);
          text += decoder.decode(chunk, { stream: true });
        }
        return text + decoder.decode();
      },
      async *chunks() {
        const decoder = new TextDecoder();
        for await (const chunk of body ?? []) yield decoder.decode(chunk, { stream: true });
      },
      async discard() {
        await body?.[Symbol.asyncIterator]().return?.(undefined);
      },
    };
  };

/** Loaded when it is needed first: that takes 60 ms. Deadlines are each exchange's own, for waits differ. */
const openAgent = async (): Promise<Agent> => {
  const { Agent } = await import("undici");
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
    maxResponseSize: MAX_ANSWER_BYTES,
  });
};

let agent: Promise<Agent> | undefined;

/** True where undici has closed a connection because too much came of it. */
export const isTooLarge = (error: unknown): boolean =>
  systemCodeOf(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE";

/** By undici's own request, which costs a client a third of what its `fetch` does. */
const undiciSender: Send = async (url, { method, headers, signal, body }) => {
  agent ??= openAgent();
  const { origin, pathname, search } = new URL(url);
  const path = pathname + search;
  const answer = await (await agent).request({ origin, path, method, headers, signal, body: body ?? null });
  const { statusCode: status } = answer;
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : (value ?? ""),
      ]),
    ),
    async text() {
      try {
        return await answer.body.text();
      } catch (error) {
        throw isTooLarge(error) ? tooLarge(url, status, error) : error;
      }
    },
    async *chunks() {
      answer.body.setEncoding("utf8");
      for await (const chunk of answer.body) yield String(chunk);
    },
    async discard() {
      answer.body.on("error", () => {}).destroy();
    },
  };
};

let isGlobalFetchWanted = false;

/** From here on, who names no `fetch` goes by the global one: msw sees that, and undici's own only sometimes. */
export const preferGlobalFetch = (): void => {
  isGlobalFetchWanted = true;
};

/** Where nobody names a `fetch`. The global one is looked up at each call: msw puts its own there, and takes it out again. */
export const defaultSender: Send = (url, init) =>
  isGlobalFetchWanted ? fetchSender(globalThis.fetch)(url, init) : undiciSender(url, init);
