import { channelsOf, type Event } from "../../protocol/index.ts";
import type { Log } from "../context.ts";
import type { EventHandler } from "./event-bus.ts";

/** Who listens on which channel in this process. */
export class ChannelHandlers {
  readonly #handlers = new Map<string, Set<EventHandler>>();
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
    return true;
  }

  /** True where the channel has nobody left. */
  remove(channel: string, handler: EventHandler): boolean {
    const handlers = this.#handlers.get(channel);
    if (handlers === undefined) return false;
    handlers.delete(handler);
    return handlers.size === 0 && this.#handlers.delete(channel);
  }

  tell(channel: string, event?: Event): void {
    const handlers = this.#handlers.get(channel);
    if (handlers === undefined) return;
    for (const handler of [...handlers]) this.#call(handler, event);
  }

  /** Each event to everybody on its channels. */
  tellAll(events: readonly Event[]): void {
    if (this.#handlers.size === 0) return;
    for (const event of events) for (const channel of channelsOf(event)) this.tell(channel, event);
  }

  /** Everybody looks again. */
  wakeAll(): void {
    for (const channel of this.channels) this.tell(channel);
  }

  clear(): void {
    this.#handlers.clear();
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
