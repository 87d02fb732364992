import { type Fairness, GLOBAL_ROOM, isNamePart, isRoomId, type JsonObject } from "../protocol/index.ts";
import { UsageError } from "./errors.ts";
import { type ExtensionClass, isExtensionClass } from "./extension.ts";
import { toResultSchema } from "./parameter-schema.ts";
import { type TaskDefaultOptions, toWireDefaults } from "./task-options.ts";
import type { RoomRegistration } from "./worker-session.ts";

/** Where a class is registered, and what for; its own statics stand behind. */
export interface RegisterOptions {
  readonly room?: string | undefined;
  /** True: in `@global`, for all rooms. */
  readonly public?: boolean | undefined;
  readonly description?: string | undefined;
  /** Options of its tasks that a submit does not name. */
  readonly defaults?: TaskDefaultOptions | undefined;
  /** `"room"`: of tasks of one priority, rooms take turns, so that one room's thousands keep nobody waiting; `"fifo"`. */
  readonly fairness?: Fairness | undefined;
}

/** One class with all of its registrations. */
export interface JobEntry<Context> {
  readonly Class: ExtensionClass<Context>;
  readonly name: string;
  /** By room; undefined is the manager's own. */
  readonly rooms: Map<string | undefined, RegisterOptions>;
}

/** The classes of one manager, by category and name; local, nothing here asks the server. */
export class JobRegistry<Context> {
  readonly #entries = new Map<string, JobEntry<Context>>();
  /** The same by the whole name, which every task asks for twice. */
  readonly #byQualified = new Map<string, JobEntry<Context>>();
  /** As they were last asked for, until a registration changes them: a claim asks before it is sent. */
  #announced: { readonly ownRoom: string | undefined; readonly all: readonly RoomRegistration[] } | undefined;

  /** By the name that the manager's map has for it: the class name, or with its category before it. */
  get(key: string): JobEntry<Context> | undefined {
    return this.#entries.get(key) ?? this.#byQualified.get(key);
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#announced = undefined;
    this.#byQualified.delete(getQualifiedName(entry));
    return this.#entries.delete(key);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  entries(): JobEntry<Context>[] {
    return [...this.#entries.values()];
  }

  /** The class that runs a task of that job; the prefix says where it is registered, not what it does. */
  find(jobName: string): ExtensionClass<Context> | undefined {
    return this.#byQualified.get(jobName.slice(jobName.indexOf(":") + 1))?.Class;
  }

  /** The registration of a class, by the class itself. */
  of(Class: unknown): JobEntry<Context> | undefined {
    for (const entry of this.#entries.values()) if (entry.Class === Class) return entry;
    return undefined;
  }

  /** Adds a class, or a room to one that is there. */
  add(Class: ExtensionClass<Context>, options: RegisterOptions, name: string = Class.name): void {
    if (!isExtensionClass(Class))
      throw new UsageError("only classes that extend `Extension(…)` can be registered");
    if (!isNamePart(name)) {
      throw new UsageError(
        `${JSON.stringify(name)} cannot be a job's name: give the class a name of A-Z a-z 0-9 _ . -`,
      );
    }
    if (Class.result !== undefined) toResultSchema(Class.result, `the result of ${name}`);
    const rooms = getRooms(Class, options, name);
    const key = `${Class.category}:${name}`;
    const there = this.get(key);
    if (there !== undefined && there.Class !== Class) {
      throw new UsageError(`another class is registered as ${key} already; a job has one class`);
    }
    const entry = there ?? { Class, name, rooms: new Map<string | undefined, RegisterOptions>() };
    this.#announced = undefined;
    for (const room of rooms) entry.rooms.set(room, options);
    // Classes of one name in two categories are two jobs; the second is found under its whole name.
    if (there !== undefined) return;
    this.#entries.set(this.#entries.has(name) ? key : name, entry);
    this.#byQualified.set(key, entry);
  }

  /** All that a worker announces, with its own room for those that name none. */
  getRegistrations(ownRoom: string | undefined): readonly RoomRegistration[] {
    if (this.#announced !== undefined && this.#announced.ownRoom === ownRoom) return this.#announced.all;
    const all = this.entries().flatMap((entry) =>
      [...entry.rooms].map(([room, options]) => toRegistration(entry, room ?? ownRoom, options)),
    );
    this.#announced = { ownRoom, all };
    return all;
  }
}

const getQualifiedName = ({ Class, name }: JobEntry<never>) => `${Class.category}:${name}`;

const getRooms = (Class: ExtensionClass, options: RegisterOptions, name: string): (string | undefined)[] => {
  if (options.public && options.room !== undefined && options.room !== GLOBAL_ROOM) {
    throw new UsageError(`${name} is to be public, and in the room ${options.room}: register it twice`);
  }
  const rooms = options.public
    ? [GLOBAL_ROOM]
    : options.room !== undefined
      ? [options.room]
      : getStaticRooms(Class, options.public !== false);
  for (const room of rooms) {
    if (room !== undefined && !isRoomId(room))
      throw new UsageError(`${JSON.stringify(room)} cannot be a room's name`);
  }
  return rooms;
};

/** The rooms that a class names itself; undefined is the manager's own. */
export const getStaticRooms = (Class: ExtensionClass, mayBePublic = true): (string | undefined)[] => {
  const own = typeof Class.room === "string" ? [Class.room] : [...(Class.room ?? [])];
  const all = Class.public && mayBePublic ? [GLOBAL_ROOM, ...own] : own;
  return all.length === 0 ? [undefined] : all;
};

const toRegistration = (
  { Class, name }: JobEntry<never>,
  room: string | undefined,
  options: RegisterOptions,
): RoomRegistration => {
  if (room === undefined) {
    throw new UsageError(
      `${name} is registered without a room: give the manager one (\`room\` or JOBLIB_ROOM), or register it with { room } or { public: true }`,
    );
  }
  const result: JsonObject | null =
    Class.result === undefined ? null : toResultSchema(Class.result, `the result of ${name}`);
  const description = options.description ?? Class.description;
  const defaults = { ...Class.defaults, ...options.defaults };
  const fairness = options.fairness ?? Class.fairness;
  return {
    room,
    registration: {
      category: Class.category,
      name,
      schema: Class.schema,
      ...(result !== null && { result_schema: result }),
      ...(description !== undefined && { description }),
      ...(Object.keys(defaults).length > 0 && { defaults: toWireDefaults(defaults) }),
      ...(fairness !== undefined && { fairness }),
    },
  };
};
