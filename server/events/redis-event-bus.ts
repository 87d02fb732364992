import type { Redis, RedisOptions } from "ioredis";
import { type ConnectionSecurity, type Event, isLoopback } from "../../protocol/index.ts";
import type { EventBus, EventHandler, Log, Unsubscribe } from "../ports.ts";
import { ChannelHandlers } from "./in-process-event-bus.ts";
import { RedisPublisher, readEvents } from "./redis-messages.ts";
import { getValueWithin, resolvesWithin } from "./resolves-within.ts";

const RESPONSE_TIMEOUT_MS = 2_000;
const PROBE_INTERVAL_MS = 2_000;
/**
 * Maximum number of publish commands to which Redis has not responded. If there are more, Redis is
 * assumed to hang.
 */
const MAX_IN_FLIGHT = 500;
const RESUBSCRIBE_BATCH = 500;
/**
 * Channel on which servers announce that events were lost. All long polls then read the current
 * state.
 */
const LOST_EVENTS_CHANNEL = "joblib:lost-events";

/**
 * Publishes events with the given Redis client, and subscribes with a duplicate of it, because a
 * Redis connection that is subscribed cannot publish.
 */
export class RedisEventBus implements EventBus {
  readonly kind = "redis";
  readonly #redis: Redis;
  readonly #publisher: RedisPublisher;
  readonly #subscriber: Redis;
  readonly #handlers: ChannelHandlers;
  readonly #subscribing = new Map<string, Promise<boolean>>();
  readonly #log: Log | undefined;
  readonly #probes: NodeJS.Timeout;
  #state: "up" | "down" = "down";
  #isStateLogged = false;
  #listening = false;
  #hanging = false;
  #probing = false;
  #inFlight = 0;
  /** True if some events could not be published to other servers. */
  #hasLost = false;
  #closed = false;

  constructor(redis: Redis, log?: Log) {
    this.#log = log;
    this.#handlers = new ChannelHandlers(log);
    this.#redis = redis;
    this.#publisher = new RedisPublisher(redis, log);
    if (redis.status === "wait") redis.connect().catch(() => {});
    // No offline queue is needed, because `#listen` subscribes again after a reconnect.
    this.#subscriber = redis.duplicate({
      enableOfflineQueue: false,
      autoResubscribe: false,
      maxRetriesPerRequest: null,
      lazyConnect: true,
      retryStrategy: (times: number) => Math.min(100 * times, 1_000) * (0.5 + Math.random()),
    });
    this.#subscriber.on("error", () => {});
    this.#subscriber.on("message", (channel: string, text: string) => {
      if (channel === LOST_EVENTS_CHANNEL) this.#handlers.wakeAll();
      else for (const event of readEvents(text)) this.#handlers.notify(channel, event);
    });
    this.#subscriber.on("ready", () => void this.#listen());
    this.#subscriber.on("close", () => {
      this.#listening = false;
      this.#onClose();
    });
    redis.on("ready", this.#onPublisherReady);
    redis.on("close", this.#onClose);
    this.#subscriber.connect().catch(() => {});
    this.#probes = setInterval(() => void this.#probe(), PROBE_INTERVAL_MS).unref();
  }

  get state(): "up" | "down" {
    return this.#updateState();
  }

  get connectionSecurity(): ConnectionSecurity {
    return getRedisSecurity(this.#redis.options);
  }

  async publish(events: readonly Event[]): Promise<void> {
    if (events.length === 0) return;
    if (await this.#send(events)) return;
    this.#hasLost = true;
    this.#handlers.notifyAll(events);
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
    this.#redis.off("ready", this.#onPublisherReady);
    this.#redis.off("close", this.#onClose);
    this.#handlers.clear();
    this.#subscriber.disconnect();
  }

  /** Sends events to Redis. Returns false if Redis does not accept them. */
  async #send(events: readonly Event[]): Promise<boolean> {
    if (this.#closed || this.#hanging || this.#redis.status !== "ready") return false;
    if (this.#inFlight >= MAX_IN_FLIGHT) return false;
    this.#inFlight += 1;
    const sent = this.#publisher.publish(events).finally(() => {
      this.#inFlight -= 1;
    });
    const isAccepted = await getValueWithin(sent, RESPONSE_TIMEOUT_MS);
    if (isAccepted !== undefined) return isAccepted;
    if (this.#redis.status === "ready") this.#hanging = true;
    this.#updateState();
    return false;
  }

  async #listen(): Promise<void> {
    if (!(await this.#subscribeTo([LOST_EVENTS_CHANNEL]))) return;
    const channels = this.#handlers.channels;
    for (let start = 0; start < channels.length; start += RESUBSCRIBE_BATCH) {
      const end = start + RESUBSCRIBE_BATCH;
      const batch = channels.slice(start, end).filter((name) => this.#handlers.has(name));
      if (batch.length > 0 && !(await this.#subscribeTo(batch))) return;
    }
    if (this.#subscriber.status !== "ready") return;
    this.#listening = true;
    this.#updateState();
    // Events may have been missed before the subscription was active, so all handlers must read the
    // current state.
    this.#handlers.wakeAll();
  }

  /**
   * Subscribes to channels. Returns false if Redis does not confirm the subscription; if the
   * connection hangs, it is replaced.
   */
  async #subscribeTo(channels: readonly string[]): Promise<boolean> {
    const confirmed = await resolvesWithin(this.#subscriber.subscribe(...channels), RESPONSE_TIMEOUT_MS);
    if (!confirmed && this.#subscriber.status === "ready") this.#reconnect();
    return confirmed;
  }

  /**
   * Sends a ping on the publishing and on the subscribed connection, because ioredis reports a
   * broken TCP connection as `ready` for minutes.
   */
  async #probe(): Promise<void> {
    if (this.#subscriber.status === "ready" && this.#listening) {
      resolvesWithin(this.#subscriber.ping(), RESPONSE_TIMEOUT_MS).then((isAlive) => {
        if (!isAlive && this.#subscriber.status === "ready") this.#reconnect();
      });
    }
    if (this.#probing || this.#redis.status !== "ready") return;
    this.#probing = true;
    const ping = this.#redis.ping();
    // At most one ping is pending on the connection of the host application. Otherwise pings would
    // accumulate there while Redis hangs.
    ping.then(this.#onPong, this.#onPong);
    if (!(await resolvesWithin(ping, RESPONSE_TIMEOUT_MS)) && this.#probing) this.#hanging = true;
    this.#updateState();
  }

  readonly #onPong = (): void => {
    this.#probing = false;
    this.#hanging = false;
    this.#onPublisherReady();
  };

  /** When Redis accepts events again, notifies all servers that earlier events were lost. */
  readonly #onPublisherReady = (): void => {
    this.#updateState();
    if (!this.#hasLost || this.#closed || this.#redis.status !== "ready") return;
    this.#hasLost = false;
    resolvesWithin(this.#redis.publish(LOST_EVENTS_CHANNEL, ""), RESPONSE_TIMEOUT_MS).then((isSent) => {
      if (!isSent) this.#hasLost = true;
    });
  };

  #reconnect(): void {
    this.#listening = false;
    this.#updateState();
    if (!this.#closed) this.#subscriber.disconnect(true);
  }

  /**
   * Updates the state after a connection was closed. Logs that Redis is down, even if no connection
   * was ever established.
   */
  readonly #onClose = (): void => {
    if (!this.#isStateLogged && !this.#closed) this.#logState("down");
    this.#updateState();
  };

  #logState(state: "up" | "down"): void {
    this.#isStateLogged = true;
    if (state === "up") this.#log?.info({}, "Redis connected: events reach every server");
    else this.#log?.warn({}, "Redis not reachable: long polls query the database every second");
  }

  readonly #updateState = (): "up" | "down" => {
    const isUp = this.#listening && !this.#hanging && this.#redis.status === "ready";
    const state = isUp ? "up" : "down";
    if (state !== this.#state && !this.#closed) {
      this.#state = state;
      this.#logState(state);
      // Wakes all long polls, because they must query the database more often while Redis is down,
      // and less often when it is up again.
      this.#handlers.wakeAll();
    }
    return this.#state;
  };
}

const getRedisSecurity = ({ tls, path, host, sentinels }: RedisOptions): ConnectionSecurity => {
  // For a rediss:// URL, ioredis sets `tls: true`, although its types allow only an object.
  if (tls) return tls.rejectUnauthorized === false ? "tls-unverified" : "tls";
  if (path) return "local";
  return !sentinels && isLoopback(host ?? "localhost") ? "local" : "plain";
};
