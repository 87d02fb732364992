import { existsSync } from "node:fs";
import { MikroORM as PostgresOrm } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { entities } from "../entities.ts";
import type { Orm } from "../sessions/orm.ts";
import { buildEmbeddedSettings } from "../sessions/session-settings.ts";
import { lockDataDirectory, toDataDirectoryError } from "./data-directory.ts";
import { unpackInitialDatabase } from "./initial-database.ts";
import { postgresOptions } from "./postgres-options.ts";

/**
 * A PostgreSQL URL, or a directory for the embedded database (`memory://` keeps the data only in
 * memory).
 */
export interface DatabaseOptions {
  readonly url?: string;
  readonly dataDir?: string;
  readonly poolSize?: number;
  /** Timeout of a statement, in seconds. Default: none, because a migration may take long. */
  readonly statementTimeoutSeconds?: number | undefined;
}

export interface OwnedOrm extends Orm {
  close(): Promise<void>;
}

const IN_MEMORY = "memory://";
const DEFAULT_DATA_DIR = ".joblib";
/** The sweeper needs one connection for its lock and another one for its statements. */
const MIN_POOL_SIZE = 2;
/**
 * Time until the ORM closes an idle connection. joblib uses the ORM's connections only for checks
 * at startup. Closing them early leaves more of PostgreSQL's connection limit to joblib's own
 * sessions.
 */
const ORM_IDLE_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Maximum age of an ORM connection. After a query timeout, a connection returns to the pool
 * although its statement may still be running, so the pool must not keep the connection forever.
 */
const MAX_LIFETIME_SECONDS = 300;

async function openPostgres(
  url: string,
  { poolSize = 10, statementTimeoutSeconds }: DatabaseOptions,
): Promise<OwnedOrm> {
  const { driverOptions, ...connection } = postgresOptions(url);
  return PostgresOrm.init({
    entities: [...entities],
    ...connection,
    pool: { min: 0, max: Math.max(poolSize, MIN_POOL_SIZE), idleTimeoutMillis: ORM_IDLE_MS },
    // Without this timeout, a request would wait forever if the database does not respond.
    driverOptions: {
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...driverOptions,
      maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
      // The database driver measures this timeout, because a connection pooler in transaction mode
      // rejects PostgreSQL's own setting `statement_timeout`.
      ...(statementTimeoutSeconds !== undefined && { query_timeout: statementTimeoutSeconds * 1000 }),
    },
  });
}

export const isInMemory = (dataDir: string): boolean => dataDir.startsWith("memory:");

async function openEmbedded(dataDir: string): Promise<OwnedOrm> {
  if (isInMemory(dataDir)) return initEmbedded({ dbName: IN_MEMORY });
  const directory = await lockDataDirectory(dataDir);
  try {
    if (!existsSync(directory.database)) await unpackInitialDatabase(dataDir, directory.database);
    const orm = await initEmbedded({ dbName: "postgres", driverOptions: { dataDir: directory.database } });
    const close = () => orm.close().finally(() => directory.release());
    return { em: orm.em, driver: orm.driver, hasSessionSettings: true, close };
  } catch (error) {
    directory.release();
    throw error instanceof Error ? error : toDataDirectoryError(dataDir, error);
  }
}

/**
 * Opens the embedded database. Its module is imported only here, because it contains megabytes of
 * WebAssembly.
 */
async function initEmbedded(options: { dbName: string; driverOptions?: object }): Promise<OwnedOrm> {
  const { MikroORM: EmbeddedOrm } = await import("@mikro-orm/pglite");
  const orm = await EmbeddedOrm.init({ entities: [...entities], ...options });
  await orm.connect();
  await sql.raw(buildEmbeddedSettings()).execute(orm.em.fork().getKysely());
  return Object.assign(orm, { hasSessionSettings: true });
}

export const openDatabase = (options: DatabaseOptions): Promise<OwnedOrm> =>
  options.url === undefined
    ? openEmbedded(options.dataDir ?? DEFAULT_DATA_DIR)
    : openPostgres(options.url, options);
