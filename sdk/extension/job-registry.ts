import { type Fairness, GLOBAL_ROOM, isNamePart, isRoomId, type JsonObject } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import type { RoomRegistration } from "../worker/worker-session.ts";
import { type ExtensionClass, isExtensionClass } from "./extension.ts";
import { toResultSchema } from "./parameter-schema.ts";
import { type TaskDefaultOptions, toWireDefaults } from "./task-options.ts";

/** Options of `register`. They override the static members of the class. */
export interface RegisterOptions {
  /** The room of the job. Default: the rooms of the class, or the manager's room. */
  readonly room?: string | undefined;
  /** True registers the job in `@global`, for all rooms. */
  readonly public?: boolean | undefined;
  /** Description of the job in the dashboard and CLI. */
  readonly description?: string | undefined;
  /** Default options of the job's tasks. */
  readonly defaults?: TaskDefaultOptions | undefined;
  /**
   * The order of tasks with the same priority. `"fifo"` (default): the oldest first. `"room"`: rooms take
   * turns, so that thousands of tasks in one room do not delay the tasks of other rooms.
   */
  readonly fairness?: Fairness | undefined;
}

/** A class with all its registrations. */
export interface JobEntry<Context> {
  readonly Class: ExtensionClass<Context>;
  readonly name: string;
  /** The options of each room. The key undefined stands for the manager's room. */
  readonly rooms: Map<string | undefined, RegisterOptions>;
}

/** The extension classes of a job manager. Does not call the server. */
export class JobRegistry<Context> {
  readonly #entries = new Map<string, JobEntry<Context>>();
  /** The entries by `category:name`. The map avoids a search, because every task looks up its entry twice. */
  readonly #byQualified = new Map<string, JobEntry<Context>>();
  /** Cache of `getRegistrations`, which is called before every claim. Every change clears it. */
  #registrations:
    | { readonly ownRoom: string | undefined; readonly all: readonly RoomRegistration[] }
    | undefined;

  /** Returns the entry of a class name, or of `category:name`. */
  get(key: string): JobEntry<Context> | undefined {
    return this.#entries.get(key) ?? this.#byQualified.get(key);
  }

  /** Removes a class. Returns false if it is not registered. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#registrations = undefined;
    this.#byQualified.delete(getQualifiedName(entry));
    return this.#entries.delete(key);
  }

  /**
   * Returns the keys. The key of a class is its name, or `category:name` if its name is already used in
   * another category.
   */
  keys(): string[] {
    return [...this.#entries.keys()];
  }

  /** Returns all entries. */
  entries(): JobEntry<Context>[] {
    return [...this.#entries.values()];
  }

  /**
   * Returns the class with a full job name. Ignores the prefix of the name, because it only identifies the
   * room.
   */
  find(jobName: string): ExtensionClass<Context> | undefined {
    return this.#byQualified.get(jobName.slice(jobName.indexOf(":") + 1))?.Class;
  }

  /** Returns the entry of a class. */
  findByClass(Class: unknown): JobEntry<Context> | undefined {
    for (const entry of this.#entries.values()) if (entry.Class === Class) return entry;
    return undefined;
  }

  /**
   * Adds a class, or another room to an existing one. Throws `UsageError` for a class that is not an extension, an
   * invalid name or room, and a second class with the same category and name.
   */
  add(Class: ExtensionClass<Context>, options: RegisterOptions, name: string = Class.name): void {
    if (!isExtensionClass(Class))
      throw new UsageError("the registered class is not an extension: it must extend `Extension(…)`");
    if (!isNamePart(name)) {
      throw new UsageError(
        `${JSON.stringify(name)} is not a valid job name: the class name may contain only A-Z a-z 0-9 _ . -`,
      );
    }
    if (Class.result !== undefined) toResultSchema(Class.result, `the result of ${name}`);
    const rooms = getRooms(Class, options, name);
    const key = `${Class.category}:${name}`;
    const existing = this.get(key);
    if (existing !== undefined && existing.Class !== Class) {
      throw new UsageError(
        `another class is already registered as ${key}: rename one of them, or change its category`,
      );
    }
    const entry = existing ?? { Class, name, rooms: new Map<string | undefined, RegisterOptions>() };
    this.#registrations = undefined;
    for (const room of rooms) entry.rooms.set(room, options);
    // Two classes with the same name in different categories are two jobs; the key of the second one is
    // `category:name`.
    if (existing !== undefined) return;
    this.#entries.set(this.#entries.has(name) ? key : name, entry);
    this.#byQualified.set(key, entry);
  }

  /**
   * Returns all jobs to register with the server. Returns the same array until they change. `ownRoom` is the
   * manager's default room.
   */
  getRegistrations(ownRoom: string | undefined): readonly RoomRegistration[] {
    if (this.#registrations !== undefined && this.#registrations.ownRoom === ownRoom)
      return this.#registrations.all;
    const all = this.entries().flatMap((entry) =>
      [...entry.rooms].map(([room, options]) => toRegistration(entry, room ?? ownRoom, options)),
    );
    this.#registrations = { ownRoom, all };
    return all;
  }
}

const getQualifiedName = ({ Class, name }: JobEntry<never>) => `${Class.category}:${name}`;

const getRooms = (Class: ExtensionClass, options: RegisterOptions, name: string): (string | undefined)[] => {
  if (options.public && options.room !== undefined && options.room !== GLOBAL_ROOM) {
    throw new UsageError(
      `${name} has both \`public\` and room ${options.room}: register it twice to use both`,
    );
  }
  const rooms = options.public
    ? [GLOBAL_ROOM]
    : options.room !== undefined
      ? [options.room]
      : getStaticRooms(Class, options.public !== false);
  for (const room of rooms) {
    if (room !== undefined && !isRoomId(room))
      throw new UsageError(`${JSON.stringify(room)} is not a valid room id`);
  }
  return rooms;
};

/** Returns the rooms that a class declares in its static members. undefined stands for the manager's room. */
export const getStaticRooms = (Class: ExtensionClass, canBePublic = true): (string | undefined)[] => {
  const own = typeof Class.room === "string" ? [Class.room] : [...(Class.room ?? [])];
  const all = Class.public && canBePublic ? [GLOBAL_ROOM, ...own] : own;
  return all.length === 0 ? [undefined] : all;
};

const toRegistration = (
  { Class, name }: JobEntry<never>,
  room: string | undefined,
  options: RegisterOptions,
): RoomRegistration => {
  if (room === undefined) {
    throw new UsageError(
      `${name} is registered without a room: set \`room\` of the job manager or JOBLIB_ROOM, or register it with { room } or { public: true }`,
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
