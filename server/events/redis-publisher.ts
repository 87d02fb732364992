import { type Redis, ReplyError } from "ioredis";
import { channelsOf, type Event } from "../../protocol/index.ts";
import type { Log } from "../context.ts";

/** Messages of one script: Redis does nothing else meanwhile, a millisecond or so. */
const MOST_OF_A_SCRIPT = 1_000;
/** ARGV is a channel, what it is told, the next channel, and so on. */
const PUBLISH_ALL = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end";

/** Each channel with the one text that it is told: an event, or the list of several. */
type Messages = ReadonlyMap<string, string>;

const messagesOf = (events: readonly Event[]): Messages => {
  const lists = new Map<string, string[]>();
  for (const event of events) {
    const text = JSON.stringify(event);
    for (const channel of channelsOf(event)) {
      const told = lists.get(channel);
      if (told === undefined) lists.set(channel, [text]);
      else told.push(text);
    }
  }
  const messages = new Map<string, string>();
  for (const [channel, texts] of lists) {
    messages.set(channel, texts.length === 1 ? String(texts[0]) : `[${texts.join(",")}]`);
  }
  return messages;
};

/** Scripts are not for this user, or not of this Redis; one that is busy, or loads, has its reasons for a while. */
const isForGood = (error: unknown): boolean =>
  error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message);

/** Tells Redis of events, those of one statement together. */
export class RedisPublisher {
  readonly #redis: Redis;
  readonly #log: Log | undefined;
  #hasScripts = true;
  #isRefused = false;

  constructor(redis: Redis, log?: Log) {
    this.#redis = redis;
    this.#log = log;
  }

  /** False where Redis answers and does not take all of them; rejects where it does not answer. */
  async publish(events: readonly Event[]): Promise<boolean> {
    try {
      await this.#send(messagesOf(events));
      this.#isRefused = false;
      return true;
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      // Said once: while it lasts, every task would.
      if (!this.#isRefused) this.#log?.error({ err: error }, "Redis refuses events: other servers miss them");
      this.#isRefused = true;
      return false;
    }
  }

  /** A claim's hundred tasks have a channel each, and a command costs this side 10 µs whatever it says: a script is one. */
  async #send(messages: Messages): Promise<void> {
    if (messages.size > 1 && this.#hasScripts && (await this.#sendByScript([...messages]))) return;
    await this.#sendOneByOne(messages);
  }

  /** False where Redis refuses, once or for good: then they are sent one by one, and those that were taken are told twice. */
  async #sendByScript(messages: readonly (readonly [string, string])[]): Promise<boolean> {
    try {
      for (let start = 0; start < messages.length; start += MOST_OF_A_SCRIPT) {
        await this.#redis.eval(PUBLISH_ALL, 0, ...messages.slice(start, start + MOST_OF_A_SCRIPT).flat());
      }
      return true;
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      this.#hasScripts = !isForGood(error);
      return false;
    }
  }

  async #sendOneByOne(messages: Messages): Promise<void> {
    const batch = this.#redis.pipeline();
    for (const message of messages) batch.publish(...message);
    for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error;
  }
}
