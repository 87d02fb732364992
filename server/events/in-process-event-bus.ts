import type { Event } from "../../protocol/index.ts";
import type { EventBus, EventHandler, Log, Unsubscribe } from "../ports.ts";
import { ChannelHandlers } from "./channel-handlers.ts";

/** Notifies the long polls of this process. Sufficient for one server per database. */
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
    // A wrapper per call, so that one function can subscribe twice and each subscription ends separately.
    const own: EventHandler = (event) => handler(event);
    this.#handlers.add(channel, own);
    return () => void this.#handlers.remove(channel, own);
  }

  async close(): Promise<void> {
    this.#handlers.clear();
  }
}
