import { GLOBAL_ROOM, isNamePart, isRoomId } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { type ExtensionClass, type ExtensionOptions, isExtensionClass } from "./extension.ts";
import { toJsonSchema } from "./parameter-schema.ts";
import { toWireDefaults } from "./task-options.ts";

/** Options of `register`. They override the static members of the class. */
export interface RegisterOptions
  extends Pick<ExtensionOptions, "public" | "description" | "defaults" | "fairness"> {
  /**
   * The room of the job. Default: the rooms in the static member `room` of the class, or the
   * manager's room.
   */
  readonly room?: string | undefined;
}

/**
 * The function `register` of a job manager: `@register`, `@register({ … })`, `register(Class)` or
 * `register(Class, { … })`.
 */
export type Register<Context> = ReturnType<typeof createRegister<Context>>;

/** A class decorator that can also be called as a function. */
export type RegisterDecorator<Context> = <Class extends ExtensionClass<Context>>(
  Class: Class,
  context?: ClassDecoratorContext,
) => Class;

/** A registered class, and the rooms in which it is registered. */
export interface JobEntry<Context> {
  readonly Class: ExtensionClass<Context>;
  readonly name: string;
  /** The options of each room, by room id. The key is undefined for the manager's room. */
  readonly rooms: Map<string | undefined, RegisterOptions>;
}

/** The extension classes of a job manager. Does not call the server. */
export class JobRegistry<Context> {
  readonly #ownRoom: string | undefined;
  /** The entries by name, or by `category:name` if the name is already used in another category. */
  readonly entries = new Map<string, JobEntry<Context>>();
  /**
   * The entries by `category:name`. This second map avoids a search through `entries` for each
   * lookup; every task causes two lookups.
   */
  readonly #byQualified = new Map<string, JobEntry<Context>>();
  /** Increases with every change, so that a worker notices that it must register more jobs. */
  version = 0;

  constructor(ownRoom: string | undefined) {
    this.#ownRoom = ownRoom;
  }

  /** Returns the entry whose class name or `category:name` is `key`. */
  get(key: string): JobEntry<Context> | undefined {
    return this.entries.get(key) ?? this.#byQualified.get(key);
  }

  /** Removes a class. Returns false if it is not registered. */
  delete(key: string): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    this.version += 1;
    this.#byQualified.delete(`${entry.Class.category}:${entry.name}`);
    return this.entries.delete(key);
  }

  /**
   * Returns the class for a full job name such as `public:modifiers:Rotate`. Ignores the prefix,
   * which only identifies the room.
   */
  find(jobName: string): ExtensionClass<Context> | undefined {
    return this.#byQualified.get(jobName.slice(jobName.indexOf(":") + 1))?.Class;
  }

  findByClass(Class: unknown): JobEntry<Context> | undefined {
    return [...this.entries.values()].find((entry) => entry.Class === Class);
  }

  /**
   * Adds a class. If the class is already registered, adds the rooms in `options` to it. Throws
   * `UsageError` for a class that is not an extension, an invalid name or room, and a second class
   * with the same category and name.
   */
  add(Class: ExtensionClass<Context>, options: RegisterOptions, name: string = Class.name): void {
    if (!isExtensionClass(Class))
      throw new UsageError("the registered class is not an extension: it must extend `Extension(…)`");
    if (!isNamePart(name)) {
      throw new UsageError(
        `${JSON.stringify(name)} is not a valid job name: the class name may contain only A-Z a-z 0-9 _ . -`,
      );
    }
    if (Class.result !== undefined) toJsonSchema(Class.result, "output", `the result of ${name}`);
    const rooms = getRooms(Class, options, name);
    const key = `${Class.category}:${name}`;
    const existing = this.get(key);
    if (existing !== undefined && existing.Class !== Class) {
      throw new UsageError(
        `another class is already registered as ${key}: rename one of them, or change its category`,
      );
    }
    const entry = existing ?? { Class, name, rooms: new Map<string | undefined, RegisterOptions>() };
    this.version += 1;
    for (const room of rooms) entry.rooms.set(room, options);
    if (existing !== undefined) return;
    this.entries.set(this.entries.has(name) ? key : name, entry);
    this.#byQualified.set(key, entry);
  }

  /**
   * Returns all jobs to register with the server. Throws `UsageError` if the room of a job is
   * unknown.
   */
  getRegistrations() {
    return [...this.entries.values()].flatMap((entry) =>
      [...entry.rooms].map(([room, options]) => toRegistration(entry, room ?? this.#ownRoom, options)),
    );
  }
}

/**
 * Creates the `register` function of a registry. It is not a method, because decorators are called
 * without `this`.
 */
export function createRegister<Context>(registry: JobRegistry<Context>) {
  type AnyClass = ExtensionClass<Context>;
  function addClass(Class: AnyClass, options: RegisterOptions, context?: ClassDecoratorContext): AnyClass {
    // A decorator runs before the static fields of the class are set. An initializer runs
    // afterwards, so it can read `static room`.
    if (context === undefined) registry.add(Class, options);
    else context.addInitializer(() => registry.add(Class, options, context.name ?? Class.name));
    return Class;
  }

  function register<Class extends AnyClass>(Class: Class, context: ClassDecoratorContext): void;
  function register<Class extends AnyClass>(Class: Class, options?: RegisterOptions): Class;
  function register(options: RegisterOptions): RegisterDecorator<Context>;
  function register(
    first: AnyClass | RegisterOptions,
    second: ClassDecoratorContext | RegisterOptions = {},
  ): unknown {
    if (typeof first !== "function")
      return (Class: AnyClass, context?: ClassDecoratorContext) => addClass(Class, first, context);
    return "addInitializer" in second ? addClass(first, {}, second) : addClass(first, second);
  }
  return register;
}

/**
 * Returns the rooms in which a class is registered. The value undefined means the manager's room.
 */
function getRooms(Class: ExtensionClass, options: RegisterOptions, name: string): (string | undefined)[] {
  if (options.public && options.room !== undefined && options.room !== GLOBAL_ROOM) {
    throw new UsageError(
      `${name} has both \`public\` and room ${options.room}: register it twice to use both`,
    );
  }
  const ownRooms = options.room === undefined ? getStaticRooms(Class, options.public) : [options.room];
  const rooms = options.public ? [GLOBAL_ROOM] : ownRooms;
  for (const room of rooms) {
    if (room !== undefined && !isRoomId(room))
      throw new UsageError(`${JSON.stringify(room)} is not a valid room id`);
  }
  return rooms;
}

/**
 * Returns the rooms that a class declares in its static members. The value undefined means the
 * manager's room.
 */
export function getStaticRooms(Class: ExtensionClass, isPublic = Class.public): (string | undefined)[] {
  const own = typeof Class.room === "string" ? [Class.room] : [...(Class.room ?? [])];
  const all = isPublic ? [GLOBAL_ROOM, ...own] : own;
  return all.length === 0 ? [undefined] : all;
}

function toRegistration(
  { Class, name }: JobEntry<never>,
  room: string | undefined,
  options: RegisterOptions,
) {
  if (room === undefined) {
    throw new UsageError(
      `${name} is registered without a room: set \`room\` of the job manager or JOBLIB_ROOM, or register it with { room } or { public: true }`,
    );
  }
  const defaults = { ...Class.defaults, ...options.defaults };
  const registration = {
    category: Class.category,
    name,
    schema: Class.schema,
    result_schema: Class.result && toJsonSchema(Class.result, "output", `the result of ${name}`),
    description: options.description ?? Class.description,
    defaults: Object.keys(defaults).length === 0 ? undefined : toWireDefaults(defaults),
    fairness: options.fairness ?? Class.fairness,
  };
  return { room, registration };
}
