import { channelsOf, type Event, topicOf } from "../../protocol/index.ts";
import type { Log } from "../context.ts";
import type { EventHandler } from "./event-bus.ts";

/** Who listens on which channel in this process. */
export class ChannelHandlers {
  readonly #handlers = new Map<string, Set<EventHandler>>();
  /** How many channels of each topic have somebody: nearly all events are of topics that have nobody. */
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

  /** True where the channel had nobody before. */
  add(channel: string, handler: EventHandler): boolean {
    const handlers = this.#handlers.get(channel);
    if (handlers !== undefined) {
      handlers.add(handler);
      return false;
    }
    this.#handlers.set(channel, new Set([handler]));
    this.#count(channel, 1);
    return true;
  }

  /** True where the channel has nobody left. */
  remove(channel: string, handler: EventHandler): boolean {
    const handlers = this.#handlers.get(channel);
    if (handlers === undefined) return false;
    handlers.delete(handler);
    if (handlers.size > 0) return false;
    this.#handlers.delete(channel);
    this.#count(channel, -1);
    return true;
  }

  tell(channel: string, event?: Event): void {
    const handlers = this.#handlers.get(channel);
    if (handlers === undefined) return;
    for (const handler of [...handlers]) this.#call(handler, event);
  }

  /** Each event to everybody on its channels. */
  tellAll(events: readonly Event[]): void {
    if (this.#handlers.size === 0) return;
    for (const event of events) {
      for (const channel of channelsOf(event, this.#isHeard)) this.tell(channel, event);
    }
  }

  /** Everybody looks again. */
  wakeAll(): void {
    for (const channel of this.channels) this.tell(channel);
  }

  clear(): void {
    this.#handlers.clear();
    this.#topics.clear();
  }

  readonly #isHeard = (topic: string): boolean => (this.#topics.get(topic) ?? 0) > 0;

  #count(channel: string, change: 1 | -1): void {
    const topic = topicOf(channel);
    this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + change);
  }

  /** One handler's bug must not keep the event from the others. */
  #call(handler: EventHandler, event: Event | undefined): void {
    try {
      handler(event);
    } catch (error) {
      this.#log?.error({ err: error }, "an event handler failed");
    }
  }
}
