import type { ConnectionSecurity, Event } from "../../protocol/index.ts";

/** Stops a subscription; calling it twice does no harm. */
export type Unsubscribe = () => void;

/** Told what happened; undefined where events may have been missed, so that everything has to be read again. */
export type EventHandler = (event?: Event) => void;

/** Tells the processes that something changed. What is told may be lost while a bus is down: readers read again. */
export interface EventBus {
  /** Never rejects: a bus that is down loses the event and says so in `state`. */
  publish(events: readonly Event[]): Promise<void>;
  /** Resolves once events of the channel can no longer be missed, or the bus is known to be down. */
  subscribe(channel: string, handler: EventHandler): Promise<Unsubscribe>;
  /** `down`: events may be lost, so whoever waits reads the database every second. */
  readonly state: "up" | "down";
  /** Which kind it is, for `/readyz`. */
  readonly kind: "in-process" | "redis";
  /** How its connection is secured. */
  readonly connectionSecurity: ConnectionSecurity;
  close(): Promise<void>;
}
