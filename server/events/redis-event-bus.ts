import type { Redis } from "ioredis";
import type { ConnectionSecurity, Event } from "../../protocol/index.ts";
import type { Log } from "../context.ts";
import { ChannelHandlers } from "./channel-handlers.ts";
import { answersWithin } from "./deadline.ts";
import type { EventBus, EventHandler, Unsubscribe } from "./event-bus.ts";
import { readEvents } from "./read-events.ts";
import { RedisPublisher } from "./redis-publisher.ts";
import { redisSecurity } from "./redis-security.ts";

const ANSWER_MS = 2_000;
const PROBE_EVERY_MS = 2_000;
/** Batches on their way; beyond it Redis is taken to hang, and nothing more is queued for it. */
const MAX_IN_FLIGHT = 500;
const RESUBSCRIBE_BATCH = 500;
/** Where a server says that it had events which Redis did not take: whoever waits anywhere reads again. */
const EVERYBODY = "joblib:everybody";

/** Redis pub/sub: publishes on the host's connection, listens on one duplicate of it. */
export class RedisEventBus implements EventBus {
  readonly kind = "redis";
  readonly #publisher: Redis;
  readonly #events: RedisPublisher;
  readonly #subscriber: Redis;
  readonly #handlers: ChannelHandlers;
  readonly #subscribing = new Map<string, Promise<boolean>>();
  readonly #log: Log | undefined;
  readonly #probes: NodeJS.Timeout;
  #state: "up" | "down" = "down";
  #isTold = false;
  #listening = false;
  #hanging = false;
  #probing = false;
  #inFlight = 0;
  /** Events were told in this process alone. */
  #hasLost = false;
  #closed = false;

  constructor(redis: Redis, log?: Log) {
    this.#log = log;
    this.#handlers = new ChannelHandlers(log);
    this.#publisher = redis;
    this.#events = new RedisPublisher(redis, log);
    if (redis.status === "wait") redis.connect().catch(() => {});
    // No offline queue: after a reconnect everything is subscribed anew from `#handlers`.
    const subscriber = redis.duplicate({
      enableOfflineQueue: false,
      autoResubscribe: false,
      maxRetriesPerRequest: null,
      lazyConnect: true,
      retryStrategy: (times: number) => Math.min(100 * times, 1_000) * (0.5 + Math.random()),
    });
    this.#subscriber = subscriber;
    this.#subscriber.on("error", () => {});
    this.#subscriber.on("message", (channel: string, text: string) => {
      if (channel === EVERYBODY) this.#handlers.wakeAll();
      else for (const event of readEvents(text)) this.#handlers.tell(channel, event);
    });
    this.#subscriber.on("ready", () => void this.#listen());
    this.#subscriber.on("close", () => {
      this.#listening = false;
      this.#onClose();
    });
    redis.on("ready", this.#onPublisher);
    redis.on("close", this.#onClose);
    this.#subscriber.connect().catch(() => {});
    this.#probes = setInterval(() => void this.#probe(), PROBE_EVERY_MS);
    this.#probes.unref();
  }

  get state(): "up" | "down" {
    return this.#review();
  }

  get connectionSecurity(): ConnectionSecurity {
    return redisSecurity(this.#publisher.options);
  }

  async publish(events: readonly Event[]): Promise<void> {
    if (events.length === 0) return;
    if (await this.#send(events)) return;
    this.#hasLost = true;
    this.#handlers.tellAll(events);
  }

  async subscribe(channel: string, handler: EventHandler): Promise<Unsubscribe> {
    const own: EventHandler = (event) => handler(event);
    const isFirst = this.#handlers.add(channel, own);
    if (isFirst && this.#subscriber.status === "ready") {
      this.#subscribing.set(channel, this.#subscribeTo([channel]));
    }
    await this.#subscribing.get(channel);
    return () => {
      if (!this.#handlers.remove(channel, own)) return;
      this.#subscribing.delete(channel);
      if (this.#subscriber.status === "ready") this.#subscriber.unsubscribe(channel).catch(() => {});
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#probes);
    this.#publisher.off("ready", this.#onPublisher);
    this.#publisher.off("close", this.#onClose);
    this.#handlers.clear();
    this.#subscriber.disconnect();
  }

  /** False where Redis did not take the events: then this process at least is told. */
  async #send(events: readonly Event[]): Promise<boolean> {
    if (this.#closed || this.#hanging || this.#publisher.status !== "ready") return false;
    if (this.#inFlight >= MAX_IN_FLIGHT) return false;
    this.#inFlight += 1;
    let isTaken = false;
    const sent = this.#events
      .publish(events)
      .then((taken) => {
        isTaken = taken;
      })
      .finally(() => {
        this.#inFlight -= 1;
      });
    if (await answersWithin(sent, ANSWER_MS)) return isTaken;
    if (this.#publisher.status === "ready") this.#hanging = true;
    this.#review();
    return false;
  }

  async #listen(): Promise<void> {
    if (!(await this.#subscribeTo([EVERYBODY]))) return;
    const channels = this.#handlers.channels;
    for (let start = 0; start < channels.length; start += RESUBSCRIBE_BATCH) {
      const batch = channels
        .slice(start, start + RESUBSCRIBE_BATCH)
        .filter((name) => this.#handlers.has(name));
      if (batch.length > 0 && !(await this.#subscribeTo(batch))) return;
    }
    if (this.#subscriber.status !== "ready") return;
    this.#listening = true;
    this.#review();
    // Whatever was told while nobody listened is lost.
    this.#handlers.wakeAll();
  }

  /** False where Redis does not confirm; a connection that hangs is given up and made anew. */
  async #subscribeTo(channels: readonly string[]): Promise<boolean> {
    const confirmed = await answersWithin(this.#subscriber.subscribe(...channels), ANSWER_MS);
    if (!confirmed && this.#subscriber.status === "ready") this.#reconnect();
    return confirmed;
  }

  /** Half-open connections look ready for minutes: only an answer shows that Redis is there. */
  async #probe(): Promise<void> {
    if (this.#subscriber.status === "ready" && this.#listening) {
      answersWithin(this.#subscriber.ping(), ANSWER_MS).then((isAlive) => {
        if (!isAlive && this.#subscriber.status === "ready") this.#reconnect();
      });
    }
    if (this.#probing || this.#publisher.status !== "ready") return;
    this.#probing = true;
    const ping = this.#publisher.ping();
    // One unanswered ping at a time: the host's connection is not filled with them.
    ping.then(this.#publisherAnswered, this.#publisherAnswered);
    if (!(await answersWithin(ping, ANSWER_MS)) && this.#probing) this.#hanging = true;
    this.#review();
  }

  readonly #publisherAnswered = (): void => {
    this.#probing = false;
    this.#hanging = false;
    this.#onPublisher();
  };

  /** It takes events again. Another server may have been listening all the while, and heard nothing of what was lost. */
  readonly #onPublisher = (): void => {
    this.#review();
    if (!this.#hasLost || this.#closed || this.#publisher.status !== "ready") return;
    this.#hasLost = false;
    answersWithin(this.#publisher.publish(EVERYBODY, ""), ANSWER_MS).then((isTold) => {
      if (!isTold) this.#hasLost = true;
    });
  };

  #reconnect(): void {
    this.#listening = false;
    this.#review();
    if (!this.#closed) this.#subscriber.disconnect(true);
  }

  /** A Redis that was never there is no change of state, and is told all the same. */
  readonly #onClose = (): void => {
    if (!this.#isTold && !this.#closed) this.#tell("down");
    this.#review();
  };

  #tell(state: "up" | "down"): void {
    this.#isTold = true;
    if (state === "up") this.#log?.info({}, "Redis is there: events reach every server");
    else this.#log?.warn({}, "Redis is away: waiting requests read the database every second");
  }

  readonly #review = (): "up" | "down" => {
    const isUp = this.#listening && !this.#hanging && this.#publisher.status === "ready";
    const state = isUp ? "up" : "down";
    if (state !== this.#state && !this.#closed) {
      this.#state = state;
      this.#tell(state);
      // Waiters change their pace with the state.
      this.#handlers.wakeAll();
    }
    return this.#state;
  };
}
