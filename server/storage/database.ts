import { MikroORM as PostgresOrm } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import type { LockedDirectory } from "./data-directory.ts";
import { entities } from "./entities/entities.ts";
import { postgresOptions } from "./postgres-options.ts";
import { buildEmbeddedSettings } from "./session-settings.ts";
import type { Orm } from "./sessions.ts";

/** Where the data is: a PostgreSQL's URL, or a directory for the embedded one (`memory://`: nowhere). */
export interface DatabaseOptions {
  readonly url?: string;
  readonly dataDir?: string;
  readonly poolSize?: number;
  /** A statement that takes longer is given up; without it, none is: migrations take what they take. */
  readonly statementTimeoutSeconds?: number | undefined;
}

/** An ORM that we opened ourselves, and close. */
export interface OwnedOrm extends Orm {
  close(): Promise<void>;
}

const IN_MEMORY = "memory://";
const DEFAULT_DATA_DIR = ".joblib";
/** The sweeper's lock holds a connection while its work needs another. */
const SMALLEST_POOL = 2;
const CONNECT_TIMEOUT_MS = 5_000;
/** A connection that fell silent under its statement goes back to the pool with that; it is not kept longer. */
const LIFETIME_SECONDS = 300;

const openPostgres = async (
  url: string,
  { poolSize = 10, statementTimeoutSeconds }: DatabaseOptions,
): Promise<OwnedOrm> => {
  const { driverOptions, ...connection } = postgresOptions(url);
  return PostgresOrm.init({
    entities: [...entities],
    ...connection,
    pool: { min: 0, max: Math.max(poolSize, SMALLEST_POOL) },
    // A database that does not answer must become an error, not a request that hangs.
    driverOptions: {
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...driverOptions,
      maxLifetimeSeconds: LIFETIME_SECONDS,
      // On this side of the wire: a pooler of transactions refuses the server's own setting at the start of a session.
      ...(statementTimeoutSeconds !== undefined && { query_timeout: statementTimeoutSeconds * 1000 }),
    },
  });
};

/** Returns true if the embedded database is to keep its data in memory only. */
export const isInMemory = (dataDir: string): boolean => dataDir.startsWith("memory:");

/** The embedded database is loaded only where it is used: it is megabytes of WebAssembly. */
const openEmbedded = async (dataDir: string): Promise<OwnedOrm> => {
  const { MikroORM: EmbeddedOrm } = await import("@mikro-orm/pglite");
  if (isInMemory(dataDir)) {
    const orm = await EmbeddedOrm.init({ entities: [...entities], dbName: IN_MEMORY });
    return await pinned(orm);
  }
  const { lockDataDirectory, unusable } = await import("./data-directory.ts");
  const directory = await lockDataDirectory(dataDir);
  try {
    const orm = await EmbeddedOrm.init({
      entities: [...entities],
      dbName: "postgres",
      driverOptions: { dataDir: directory.database },
    });
    return releasing(await pinned(orm), directory);
  } catch (error) {
    directory.release();
    throw error instanceof Error ? error : unusable(dataDir, error);
  }
};

/** Connects, and sets the only session up. */
const pinned = async (orm: OwnedOrm & { connect(): Promise<unknown> }): Promise<OwnedOrm> => {
  await orm.connect();
  await sql.raw(buildEmbeddedSettings()).execute(orm.em.fork().getKysely());
  return Object.assign(orm, { hasSessionSettings: true });
};

const releasing = (orm: OwnedOrm, directory: LockedDirectory): OwnedOrm => ({
  em: orm.em,
  driver: orm.driver,
  ...(orm.hasSessionSettings !== undefined && { hasSessionSettings: orm.hasSessionSettings }),
  async close() {
    try {
      await orm.close();
    } finally {
      directory.release();
    }
  },
});

/** Opens PostgreSQL where a URL is given, else the embedded database; migrates nothing. */
export const openDatabase = (options: DatabaseOptions): Promise<OwnedOrm> =>
  options.url === undefined
    ? openEmbedded(options.dataDir ?? DEFAULT_DATA_DIR)
    : openPostgres(options.url, options);
