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
   * Removes cached answers from all servers: the answer to exactly these parameters, or all
   * answers.
   */
  invalidate(params?: JsonObject): Promise<void>;
}

/**
 * A provider class with the source from which its instances read. The source has the type `unknown`
 * here, because `provide` has already checked it.
 */
export interface ProviderEntry {
  readonly Class: ProviderClass;
  readonly source: unknown;
  readonly name: string;
  readonly room: string;
  /** The id on the server; undefined before the provider is registered. */
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
   * provider with the name.
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
 * Combines the registries of a worker. The registrations are those of the jobs; the version also
 * increases when a provider is added.
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
