import { type Redis, ReplyError } from "ioredis";
import * as z from "zod";
import { type Event, getChannels, TaskStatus } from "../../protocol/index.ts";
import type { Log } from "../ports.ts";

/** Maximum number of messages per script. A script of this size blocks Redis for about 1 ms. */
const MAX_MESSAGES_PER_SCRIPT = 1_000;
/**
 * A Lua script that publishes several messages. `ARGV` contains the channel and the text of each
 * message, one after the other.
 */
const PUBLISH_ALL = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end";

type Messages = readonly (readonly [channel: string, message: string])[];

/** Publishes events to Redis. Combines up to 1,000 messages into one command. */
export class RedisPublisher {
  readonly #redis: Redis;
  readonly #log: Log | undefined;
  #hasScripts = true;
  #isRejected = false;

  constructor(redis: Redis, log?: Log) {
    this.#redis = redis;
    this.#log = log;
  }

  /**
   * Publishes events. Returns false if Redis rejects an event, and throws an error if Redis does
   * not respond.
   */
  async publish(events: readonly Event[]): Promise<boolean> {
    try {
      const messages = toMessages(events);
      // Each command takes about 10 µs of CPU time in this process, so messages are sent together
      // in one script.
      const isSent = messages.length > 1 && this.#hasScripts && (await this.#sendByScript(messages));
      if (!isSent) await this.#sendOneByOne(messages);
      this.#isRejected = false;
      return true;
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      // Only the first of several consecutive rejections is logged. Otherwise every task would
      // cause a log line.
      if (!this.#isRejected)
        this.#log?.error({ err: error }, "Redis rejected an event: other servers do not receive it");
      this.#isRejected = true;
      return false;
    }
  }

  /**
   * Sends messages in scripts. Returns false if Redis rejects a script; the messages of the scripts
   * before it were already sent.
   */
  async #sendByScript(messages: Messages): Promise<boolean> {
    try {
      for (let start = 0; start < messages.length; start += MAX_MESSAGES_PER_SCRIPT) {
        const batch = messages.slice(start, start + MAX_MESSAGES_PER_SCRIPT);
        await this.#redis.eval(PUBLISH_ALL, 0, ...batch.flat());
      }
      return true;
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      // If this Redis server never allows scripts, later messages are sent without scripts. After
      // other errors, such as BUSY or LOADING, the next script may succeed.
      const isPermanent = error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message);
      this.#hasScripts = !isPermanent;
      return false;
    }
  }

  async #sendOneByOne(messages: Messages): Promise<void> {
    const batch = this.#redis.pipeline();
    for (const message of messages) batch.publish(...message);
    for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error;
  }
}

/** Returns one message for each channel: a single event or a list of events, as JSON. */
function toMessages(events: readonly Event[]): Messages {
  const lists = new Map<string, string[]>();
  for (const event of events) {
    const text = JSON.stringify(event);
    for (const channel of getChannels(event)) {
      const texts = lists.get(channel);
      if (texts === undefined) lists.set(channel, [text]);
      else texts.push(text);
    }
  }
  const join = (texts: readonly string[]) => (texts.length === 1 ? texts.join() : `[${texts.join(",")}]`);
  return [...lists].map(([channel, texts]) => [channel, join(texts)]);
}

const EventMessage = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("task-changed"),
    taskId: z.string(),
    roomId: z.string(),
    workerId: z.string().nullable(),
    status: TaskStatus.optional().catch(undefined),
  }),
  z.object({ kind: z.literal("task-output"), taskId: z.string() }),
  z.object({ kind: z.literal("worker-drained"), workerId: z.string() }),
  z.object({ kind: z.literal("work-available"), jobId: z.string(), count: z.number() }),
  z.object({ kind: z.literal("jobs-changed"), roomId: z.string() }),
  z.object({ kind: z.literal("read-offered"), providerId: z.string(), readId: z.string() }),
  z.object({ kind: z.literal("provider-changed"), providerId: z.string() }),
  z.object({ kind: z.literal("answers-invalidated"), providerId: z.string(), key: z.string().optional() }),
  z.object({ kind: z.literal("read-message"), serverId: z.string(), message: z.string() }),
]);

/**
 * Parses a Redis message, which contains one event or a list of events. An event that is not valid,
 * for example because another version of joblib sent it, becomes undefined, so that the handlers of
 * the channel read the current state.
 */
export function readEvents(text: string): readonly (Event | undefined)[] {
  try {
    const message: unknown = JSON.parse(text);
    return (Array.isArray(message) ? message : [message]).map((event) => EventMessage.safeParse(event).data);
  } catch {
    return [undefined];
  }
}
