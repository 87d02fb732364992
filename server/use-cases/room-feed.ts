import { randomUUID } from "node:crypto";
import {
  type Event,
  GLOBAL_ROOM,
  getRoomChannel,
  type StreamMessage,
  type Task,
} from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { Unsubscribe } from "../events/event-bus.ts";
import { createRawJson, stringify } from "../raw-json.ts";
import { toWireTask } from "./wire.ts";

/** Events of a room that are kept for who comes again, and their characters; who missed more reads the lists again. */
const MOST_KEPT = 1000;
const MOST_CHARACTERS = 8_000_000;
/** Beyond so many changed tasks at once nobody is told of each. */
const MOST_TOLD = 200;
/** So many are read at once: each may bring a payload and a result of megabytes. */
const READ_AT_ONCE = 20;

type Kept = StreamMessage<"followRoom">;
type Ports = Pick<Context, "storage" | "bus" | "settings" | "log">;

/** What changes in one room, read once for all who follow it here. */
export class RoomFeed {
  readonly #ports: Ports;
  readonly #roomId: string;
  /** Ids of this server's own run: of another one nothing is known here. */
  readonly #epoch = randomUUID().slice(0, 8);
  readonly #kept: { readonly event: Kept; readonly characters: number }[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #changed = new Set<string>();
  #count = 0;
  #characters = 0;
  #isReading = false;
  #subscriptions: Unsubscribe[] = [];

  constructor(ports: Ports, roomId: string) {
    this.#ports = ports;
    this.#roomId = roomId;
  }

  /** The place behind the last event. */
  get end(): number {
    return this.#count;
  }
  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  async open(): Promise<void> {
    const rooms = new Set([this.#roomId, GLOBAL_ROOM]);
    const subscribing = [...rooms].map((room) =>
      this.#ports.bus.subscribe(getRoomChannel(room), (event) => this.#hear(event, room)),
    );
    this.#subscriptions = await Promise.all(subscribing);
  }

  close(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
  }

  listen(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  idOf(place: number): string {
    return `${this.#epoch}-${place}`;
  }

  /** Where an id stands; undefined for one of another run, or of what is kept no longer. */
  placeOf(id: string): number | undefined {
    const [epoch, count] = id.split("-");
    const place = Number(count);
    return epoch === this.#epoch && Number.isInteger(place) && this.#has(place) ? place : undefined;
  }

  /** The event at a place; undefined behind the last one, `reset` where it is kept no longer. */
  at(place: number): Kept | undefined {
    if (place >= this.#count) return undefined;
    if (!this.#has(place)) return { event: "reset", data: {} };
    return this.#kept[place - (this.#count - this.#kept.length)]?.event;
  }

  #has(place: number): boolean {
    return place <= this.#count && place >= this.#count - this.#kept.length;
  }

  #hear(event: Event | undefined, room: string): void {
    if (event === undefined) this.#tell({ event: "reset", data: {} });
    else if (event.kind === "jobs-changed") this.#tell({ event: "jobs", data: {} });
    else if (event.kind === "task-changed" && room === this.#roomId) {
      this.#changed.add(event.taskId);
      void this.#read();
    }
  }

  /** One reading at a time: of what changes meanwhile the last state is read next. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#changed.size > 0) {
        const ids = [...this.#changed];
        this.#changed.clear();
        if (ids.length > MOST_TOLD) {
          this.#tell({ event: "reset", data: {} });
          continue;
        }
        for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
          await this.#tellOf(ids.slice(start, start + READ_AT_ONCE));
        }
      }
    } catch (error) {
      this.#ports.log.warn({ err: error }, "a room's changes could not be read");
      this.#tell({ event: "reset", data: {} });
    } finally {
      this.#isReading = false;
    }
  }

  async #tellOf(ids: readonly string[]): Promise<void> {
    const records = await this.#ports.storage.tasks.findMany(ids);
    for (const record of records) {
      // Written once, for all who follow.
      const text = stringify(toWireTask(this.#ports.settings, record));
      this.#tell({ event: "task", data: createRawJson<Task>(text) }, text.length);
    }
    // Deleted ones are in no list any more.
    if (records.length < ids.length) this.#tell({ event: "reset", data: {} });
  }

  #tell(event: Kept, characters = 0): void {
    this.#kept.push({ event, characters });
    this.#characters += characters;
    this.#count += 1;
    while (this.#kept.length > MOST_KEPT || (this.#characters > MOST_CHARACTERS && this.#kept.length > 1)) {
      this.#characters -= this.#kept.shift()?.characters ?? 0;
    }
    for (const listener of this.#listeners) listener();
  }
}

/** A feed outlives its last follower by so long: who was cut off finds its place again. */
const LINGER_MS = 60_000;

/** The feeds of this server, one for each room that is followed. */
export class RoomFeeds {
  readonly #ports: Ports;
  readonly #feeds = new Map<string, { readonly feed: RoomFeed; readonly isOpen: Promise<void> }>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** The room's feed, once nothing can be missed; `listener` is called for each event, until the result is called. */
  async follow(roomId: string, listener: () => void): Promise<{ feed: RoomFeed; leave: Unsubscribe }> {
    const known = this.#feeds.get(roomId) ?? this.#open(roomId);
    clearTimeout(this.#timers.get(roomId));
    const stop = known.feed.listen(listener);
    const leave = () => {
      stop();
      if (known.feed.isFollowed || this.#feeds.get(roomId) !== known) return;
      clearTimeout(this.#timers.get(roomId));
      this.#timers.set(roomId, setTimeout(() => this.#forget(roomId), LINGER_MS).unref());
    };
    try {
      await known.isOpen;
    } catch (error) {
      leave();
      this.#forget(roomId);
      throw error;
    }
    return { feed: known.feed, leave };
  }

  close(): void {
    for (const roomId of [...this.#feeds.keys()]) this.#forget(roomId);
  }

  #open(roomId: string) {
    const feed = new RoomFeed(this.#ports, roomId);
    const opened = { feed, isOpen: feed.open() };
    this.#feeds.set(roomId, opened);
    return opened;
  }

  #forget(roomId: string): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.delete(roomId);
    this.#feeds.get(roomId)?.feed.close();
    this.#feeds.delete(roomId);
  }
}
