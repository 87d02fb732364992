import { MikroORM as PostgresOrm } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { entities } from "../entities.ts";
import type { Orm } from "../sessions/orm.ts";
import { buildEmbeddedSettings } from "../sessions/session-settings.ts";
import type { LockedDirectory } from "./data-directory.ts";
import { postgresOptions } from "./postgres-options.ts";

/** A PostgreSQL URL, or a directory for the embedded database (`memory://` keeps the data only in memory). */
export interface DatabaseOptions {
  readonly url?: string;
  readonly dataDir?: string;
  readonly poolSize?: number;
  /** Timeout of a statement, in seconds. Default: none, because a migration may take any time. */
  readonly statementTimeoutSeconds?: number | undefined;
}

/** An ORM that joblib has opened and must close. */
export interface OwnedOrm extends Orm {
  close(): Promise<void>;
}

const IN_MEMORY = "memory://";
const DEFAULT_DATA_DIR = ".joblib";
/** The sweeper needs one connection for its lock and another one for its statements. */
const MIN_POOL_SIZE = 2;
/**
 * The ORM closes a connection that is idle for this time. It uses its connections only for checks at the
 * start; afterwards joblib's sessions need the server's connections.
 */
const ORM_IDLE_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Maximum age of a connection. After a query timeout, the connection returns to the pool while its statement
 * may still be running, so it must be closed eventually.
 */
const MAX_LIFETIME_SECONDS = 300;

const openPostgres = async (
  url: string,
  { poolSize = 10, statementTimeoutSeconds }: DatabaseOptions,
): Promise<OwnedOrm> => {
  const { driverOptions, ...connection } = postgresOptions(url);
  return PostgresOrm.init({
    entities: [...entities],
    ...connection,
    pool: { min: 0, max: Math.max(poolSize, MIN_POOL_SIZE), idleTimeoutMillis: ORM_IDLE_MS },
    // If the database does not respond, the request must fail instead of waiting forever.
    driverOptions: {
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...driverOptions,
      maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
      // The client measures the timeout, because a pooler in transaction mode refuses the server's setting
      // `statement_timeout`.
      ...(statementTimeoutSeconds !== undefined && { query_timeout: statementTimeoutSeconds * 1000 }),
    },
  });
};

/** Returns true if the embedded database keeps its data only in memory. */
export const isInMemory = (dataDir: string): boolean => dataDir.startsWith("memory:");

/**
 * Opens the embedded database. Its module is imported only here, because it contains megabytes of
 * WebAssembly.
 */
const openEmbedded = async (dataDir: string): Promise<OwnedOrm> => {
  const { MikroORM: EmbeddedOrm } = await import("@mikro-orm/pglite");
  if (isInMemory(dataDir)) {
    const orm = await EmbeddedOrm.init({ entities: [...entities], dbName: IN_MEMORY });
    return await initSession(orm);
  }
  const { lockDataDirectory, toDataDirectoryError } = await import("./data-directory.ts");
  const directory = await lockDataDirectory(dataDir);
  try {
    const orm = await EmbeddedOrm.init({
      entities: [...entities],
      dbName: "postgres",
      driverOptions: { dataDir: directory.database },
    });
    return withDirectory(await initSession(orm), directory);
  } catch (error) {
    directory.release();
    throw error instanceof Error ? error : toDataDirectoryError(dataDir, error);
  }
};

/** Connects, and applies joblib's settings to the only session. */
const initSession = async (orm: OwnedOrm & { connect(): Promise<unknown> }): Promise<OwnedOrm> => {
  await orm.connect();
  await sql.raw(buildEmbeddedSettings()).execute(orm.em.fork().getKysely());
  return Object.assign(orm, { hasSessionSettings: true });
};

/** Returns an ORM that releases the data directory when it is closed. */
const withDirectory = (orm: OwnedOrm, directory: LockedDirectory): OwnedOrm => ({
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

/** Opens PostgreSQL if there is a URL, else the embedded database. Does not apply migrations. */
export const openDatabase = (options: DatabaseOptions): Promise<OwnedOrm> =>
  options.url === undefined
    ? openEmbedded(options.dataDir ?? DEFAULT_DATA_DIR)
    : openPostgres(options.url, options);
