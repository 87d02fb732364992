import { randomUUID } from "node:crypto";
import {
  type Event,
  GLOBAL_ROOM,
  getRoomChannel,
  type StreamMessage,
  type Task,
} from "../../protocol/index.ts";
import type { EventBus, Log, Unsubscribe } from "../ports.ts";
import { Serialized, stringify } from "../raw-json.ts";
import type { Settings } from "../settings/settings.ts";
import type { Storage } from "../storage/ports/storage.ts";
import type { SerializableEvent } from "../use-cases/follow.ts";
import { toWireTask } from "../wire.ts";

/**
 * Maximum number of events that a feed keeps for clients that reconnect. A client that missed more
 * events receives a `reset` event, and then reads its lists again.
 */
const MAX_BUFFERED_EVENTS = 1000;
/** Maximum total length of a feed's buffered events, in characters. */
const MAX_BUFFERED_CHARACTERS = 8_000_000;
/**
 * Maximum number of changed tasks that are read from the database together. If more tasks have
 * changed, clients receive one `reset` event instead of an event for each task.
 */
const MAX_TASK_EVENTS = 200;
/**
 * Maximum number of tasks in one query. The number is low, because each task may have a payload and
 * a result of several megabytes.
 */
const TASKS_PER_QUERY = 20;

type FeedEvent = SerializableEvent<StreamMessage<"followRoom">>;
interface Ports {
  readonly storage: Pick<Storage, "tasks">;
  readonly bus: EventBus;
  readonly settings: Pick<Settings, "job_name_style">;
  readonly log: Log;
}

/**
 * The events of one room. The server reads each change only once for all clients that follow the
 * room.
 */
class RoomFeed {
  /** Called after each event. */
  readonly listeners = new Set<() => void>();
  /** Resolves when the feed has subscribed to the event bus, so that it misses no later event. */
  readonly isOpen: Promise<void>;
  closeTimer: NodeJS.Timeout | undefined;
  readonly #ports: Ports;
  readonly #roomId: string;
  /**
   * Identifies this feed in the ids of its events. In feeds of other servers, and in earlier feeds
   * of this server, the same positions belong to other events.
   */
  readonly #epoch = randomUUID().slice(0, 8);
  readonly #buffer: { readonly event: FeedEvent; readonly characters: number }[] = [];
  readonly #changedTaskIds = new Set<string>();
  #count = 0;
  #characters = 0;
  #isReading = false;
  #subscriptions: Unsubscribe[] = [];

  constructor(ports: Ports, roomId: string) {
    this.#ports = ports;
    this.#roomId = roomId;
    this.isOpen = this.#open();
  }

  /** The position of the next event. */
  get end(): number {
    return this.#count;
  }

  close(): void {
    clearTimeout(this.closeTimer);
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
  }

  formatId(position: number): string {
    return `${this.#epoch}-${position}`;
  }

  /**
   * Returns the position in the id of an event. Returns undefined if the id comes from another
   * feed, or if the event is no longer buffered.
   */
  parseId(id: string): number | undefined {
    const [epoch, count] = id.split("-");
    const position = Number(count);
    const isKnown = epoch === this.#epoch && Number.isInteger(position) && this.#isBuffered(position);
    return isKnown ? position : undefined;
  }

  /**
   * Returns the event at a position. Returns a `reset` event if the event is no longer buffered,
   * and undefined if there is no such event yet.
   */
  getEvent(position: number): FeedEvent | undefined {
    if (position >= this.#count) return undefined;
    if (!this.#isBuffered(position)) return { event: "reset", data: {} };
    return this.#buffer[position - (this.#count - this.#buffer.length)]?.event;
  }

  async #open(): Promise<void> {
    const rooms = [...new Set([this.#roomId, GLOBAL_ROOM])];
    const subscribing = rooms.map((room) =>
      this.#ports.bus.subscribe(getRoomChannel(room), (event) => this.#onBusEvent(event, room)),
    );
    this.#subscriptions = await Promise.all(subscribing);
  }

  #isBuffered(position: number): boolean {
    return position <= this.#count && position >= this.#count - this.#buffer.length;
  }

  #onBusEvent(event: Event | undefined, room: string): void {
    if (event === undefined) this.#publish({ event: "reset", data: {} });
    else if (event.kind === "jobs-changed") this.#publish({ event: "jobs", data: {} });
    else if (event.kind === "task-changed" && room === this.#roomId) {
      this.#changedTaskIds.add(event.taskId);
      void this.#readChangedTasks();
    }
  }

  /**
   * Reads the changed tasks from the database, and publishes an event for each. If a task changes
   * several times before it is read, only one event is published.
   */
  async #readChangedTasks(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#changedTaskIds.size > 0) {
        const ids = [...this.#changedTaskIds];
        this.#changedTaskIds.clear();
        if (ids.length > MAX_TASK_EVENTS) {
          this.#publish({ event: "reset", data: {} });
          continue;
        }
        for (let start = 0; start < ids.length; start += TASKS_PER_QUERY) {
          await this.#publishTasks(ids.slice(start, start + TASKS_PER_QUERY));
        }
      }
    } catch (error) {
      this.#ports.log.warn({ err: error }, "failed to read the changed tasks of a room");
      this.#publish({ event: "reset", data: {} });
    } finally {
      this.#isReading = false;
    }
  }

  async #publishTasks(ids: readonly string[]): Promise<void> {
    const records = await this.#ports.storage.tasks.findMany(ids);
    for (const record of records) {
      // Serializes the task once, instead of once for each client.
      const text = stringify(toWireTask(this.#ports.settings, record));
      this.#publish({ event: "task", data: new Serialized<Task>([text]) }, text.length);
    }
    // A deleted task has no event, so clients must read their lists again.
    if (records.length < ids.length) this.#publish({ event: "reset", data: {} });
  }

  #publish(event: FeedEvent, characters = 0): void {
    this.#buffer.push({ event, characters });
    this.#characters += characters;
    this.#count += 1;
    while (
      this.#buffer.length > MAX_BUFFERED_EVENTS ||
      (this.#characters > MAX_BUFFERED_CHARACTERS && this.#buffer.length > 1)
    ) {
      this.#characters -= this.#buffer.shift()?.characters ?? 0;
    }
    for (const listener of this.listeners) listener();
  }
}

/**
 * Time for which a feed stays open after its last listener has left, in milliseconds. A client that
 * reconnects in this time receives the events that it missed.
 */
const CLOSE_DELAY_MS = 60_000;

export class RoomFeeds {
  readonly #ports: Ports;
  readonly #feeds = new Map<string, RoomFeed>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * Returns the feed of a room after it has subscribed to the event bus. Calls `listener` after
   * each event until `leave` is called.
   */
  async follow(roomId: string, listener: () => void): Promise<{ feed: RoomFeed; leave: Unsubscribe }> {
    const feed = this.#feeds.get(roomId) ?? new RoomFeed(this.#ports, roomId);
    this.#feeds.set(roomId, feed);
    clearTimeout(feed.closeTimer);
    feed.listeners.add(listener);
    const leave = () => {
      feed.listeners.delete(listener);
      if (feed.listeners.size > 0) return;
      clearTimeout(feed.closeTimer);
      feed.closeTimer = setTimeout(() => this.#close(roomId, feed), CLOSE_DELAY_MS).unref();
    };
    try {
      await feed.isOpen;
    } catch (error) {
      feed.listeners.delete(listener);
      this.#close(roomId, feed);
      throw error;
    }
    return { feed, leave };
  }

  close(): void {
    for (const [roomId, feed] of this.#feeds) this.#close(roomId, feed);
  }

  #close(roomId: string, feed: RoomFeed): void {
    feed.close();
    if (this.#feeds.get(roomId) === feed) this.#feeds.delete(roomId);
  }
}
