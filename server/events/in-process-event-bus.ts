import { type Event, getChannels, getTopic } from "../../protocol/index.ts";
import type { EventBus, EventHandler, Log, Unsubscribe } from "../ports.ts";

/**
 * An event bus that only delivers events within this process. It is sufficient if only one server
 * uses the database.
 */
export class InProcessEventBus implements EventBus {
  readonly kind = "in-process";
  readonly state = "up";
  readonly connectionSecurity = "local";
  readonly #handlers: ChannelHandlers;

  constructor(log?: Log) {
    this.#handlers = new ChannelHandlers(log);
  }

  async publish(events: readonly Event[]): Promise<void> {
    this.#handlers.notifyAll(events);
  }

  async subscribe(channel: string, handler: EventHandler): Promise<Unsubscribe> {
    // Wraps the handler in a new function, because handlers are stored in a set, and the same
    // handler may be subscribed several times.
    const own: EventHandler = (event) => handler(event);
    this.#handlers.add(channel, own);
    return () => void this.#handlers.remove(channel, own);
  }

  async close(): Promise<void> {
    this.#handlers.clear();
  }
}

export class ChannelHandlers {
  readonly #handlers = new Map<string, Set<EventHandler>>();
  /**
   * Number of channels with handlers, by topic. With this number, events that have no handlers are
   * skipped quickly.
   */
  readonly #topics = new Map<string | undefined, number>();
  readonly #log: Log | undefined;

  constructor(log?: Log) {
    this.#log = log;
  }

  get channels(): string[] {
    return [...this.#handlers.keys()];
  }

  has(channel: string): boolean {
    return this.#handlers.has(channel);
  }

  /** Adds a handler and returns true if it is the first of its channel. */
  add(channel: string, handler: EventHandler): boolean {
    const known = this.#handlers.get(channel)?.add(handler);
    if (known !== undefined) return false;
    this.#handlers.set(channel, new Set([handler]));
    this.#count(channel, 1);
    return true;
  }

  /** Removes a handler and returns true if the channel has no handlers left. */
  remove(channel: string, handler: EventHandler): boolean {
    const handlers = this.#handlers.get(channel);
    handlers?.delete(handler);
    if (handlers?.size !== 0 || !this.#handlers.delete(channel)) return false;
    this.#count(channel, -1);
    return true;
  }

  /** Calls the handlers of a channel. If a handler throws, the others still receive the event. */
  notify(channel: string, event?: Event): void {
    for (const handler of [...(this.#handlers.get(channel) ?? [])]) {
      try {
        handler(event);
      } catch (error) {
        this.#log?.error({ err: error }, "an event handler failed");
      }
    }
  }

  notifyAll(events: readonly Event[]): void {
    if (this.#handlers.size === 0) return;
    for (const event of events) {
      for (const channel of getChannels(event, this.#hasListeners)) this.notify(channel, event);
    }
  }

  /**
   * Calls every handler without an event, so that the handlers read the current state from the
   * database.
   */
  wakeAll(): void {
    for (const channel of this.channels) this.notify(channel);
  }

  clear(): void {
    this.#handlers.clear();
    this.#topics.clear();
  }

  readonly #hasListeners = (topic: string): boolean => (this.#topics.get(topic) ?? 0) > 0;

  #count(channel: string, change: 1 | -1): void {
    const topic = getTopic(channel);
    this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + change);
  }
}
