import type { ConnectionSecurity, Event } from "../../protocol/index.ts";

/** Stops a subscription. Further calls do nothing. */
export type Unsubscribe = () => void;

/** Handles an event; undefined means that events may have been missed, so the handler must read the current state. */
export type EventHandler = (event?: Event) => void;

/** Notifies processes of changes. Notifications may be lost while a bus is down, so readers also poll. */
export interface EventBus {
  /** Publishes events. Never rejects: while the bus is down, events are lost and `state` is `down`. */
  publish(events: readonly Event[]): Promise<void>;
  /** Subscribes to a channel. Resolves when no later event can be missed, or when the bus is known to be down. */
  subscribe(channel: string, handler: EventHandler): Promise<Unsubscribe>;
  /** `down`: events may be lost, so long polls read the database every second. */
  readonly state: "up" | "down";
  /** The kind of bus, as reported by `/readyz`. */
  readonly kind: "in-process" | "redis";
  /** Whether the connection of the bus is encrypted. */
  readonly connectionSecurity: ConnectionSecurity;
  close(): Promise<void>;
}
