import { GLOBAL_ROOM, isNamePart, isRoomId, type JsonObject } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { isProviderClass, type ProviderClass } from "./provider.ts";

/** Options of `JobManager.provide`. */
export interface ProvideOptions {
  /** The name of the provider. Default: the name of the class. */
  readonly name?: string | undefined;
  /** The room of the provider. Default: the manager's room. */
  readonly room?: string | undefined;
  /** If true, the provider is visible in all rooms. Default: false. */
  readonly public?: boolean | undefined;
}

/** A provider that a job manager serves. */
export interface ServedProvider {
  /**
   * Removes cached answers from all servers: the answer for exactly `params` or, if `params` is
   * missing, all answers of the provider.
   */
  invalidate(params?: JsonObject): Promise<void>;
}

/**
 * A provider class, and the source that is passed to its `read`. The type of the source is
 * `unknown`, because it was already checked when it was passed to `provide`.
 */
export interface ProviderEntry {
  readonly Class: ProviderClass;
  readonly source: unknown;
  readonly name: string;
  readonly room: string;
  /**
   * The id that the server assigned; undefined before the provider is registered with the server.
   */
  id?: string;
}

/** The providers of a job manager. Does not call the server. */
export class ProviderRegistry {
  readonly #entries = new Map<string, ProviderEntry>();
  readonly #ownRoom: string | undefined;
  /**
   * Increases with every added provider, so that a worker notices that it must register more
   * providers.
   */
  version = 0;

  constructor(ownRoom: string | undefined) {
    this.#ownRoom = ownRoom;
  }

  get entries(): readonly ProviderEntry[] {
    return [...this.#entries.values()];
  }

  /**
   * Adds a provider. Throws `UsageError` for an invalid class, name or room, and for a second
   * provider with the same name.
   */
  add<Source>(Class: ProviderClass<Source>, source: Source, options: ProvideOptions): ProviderEntry {
    if (!isProviderClass(Class))
      throw new UsageError("the class is not a provider: it must extend `Provider(…)`");
    const { name = Class.name } = options;
    const room = options.public === true ? GLOBAL_ROOM : (options.room ?? this.#ownRoom);
    if (!isNamePart(name)) throw new UsageError(`${JSON.stringify(name)} is not a valid provider name`);
    if (room === undefined) {
      throw new UsageError(
        `${name} is provided without a room: set \`room\` of the job manager or JOBLIB_ROOM, or pass { room } or { public: true }`,
      );
    }
    if (!isRoomId(room)) throw new UsageError(`${JSON.stringify(room)} is not a valid room id`);
    const key = `${room}:${Class.category}:${name}`;
    if (this.#entries.has(key)) throw new UsageError(`${key} is already provided: pass another \`name\``);
    const entry: ProviderEntry = { Class, source, name, room };
    this.#entries.set(key, entry);
    this.version += 1;
    return entry;
  }
}

/**
 * Combines the registries of jobs and providers, so that a worker also notices added providers: the
 * version increases when a job or a provider is added. `getRegistrations` returns only the jobs.
 */
export function combineRegistries<Registrations>(
  jobs: { readonly version: number; getRegistrations(): Registrations },
  providers: Pick<ProviderRegistry, "version">,
) {
  return {
    get version() {
      return jobs.version + providers.version;
    },
    getRegistrations: () => jobs.getRegistrations(),
  };
}
