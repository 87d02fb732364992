import { PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { ChannelBoundClient } from "../database/channel-binding.ts";
import type { Orm } from "./orm.ts";
import { SessionPool } from "./session-pool.ts";

/** Statement timeout if the configuration of the ORM has none. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Default pool size of MikroORM. */
const DEFAULT_POOL_SIZE = 10;

/** Returns true if the host configures its sessions only by connection options. */
const hasPlainConfig = ({ driver, em }: Orm): boolean => {
  if (driver.constructor.name !== "PostgreSqlDriver") return false;
  const { config } = em;
  const driverOptions: unknown = config.get("driverOptions") ?? {};
  if (
    typeof driverOptions !== "object" ||
    driverOptions === null ||
    Object.getPrototypeOf(driverOptions) !== Object.prototype
  ) {
    return false;
  }
  const hooks = [config.get("onCreateConnection"), config.get("onReserveConnection")];
  const hasHooks = hooks.some((hook) => hook !== undefined) || config.get("sessionContext") === "connection";
  const hasOwnClient = "Client" in driverOptions && driverOptions.Client !== ChannelBoundClient;
  return (
    !hasHooks && !hasOwnClient && !("createDriver" in driverOptions) && !("onPoolCreated" in driverOptions)
  );
};

/**
 * Creates a session pool from the configuration of the ORM. It connects at the first statement. Returns undefined for the
 * embedded database, and for a host that sets up its sessions with hooks, which joblib cannot repeat.
 */
export const openSessionPool = (orm: Orm): SessionPool | undefined => {
  if (!hasPlainConfig(orm)) return undefined;
  const { config } = orm.em;
  const driverOptions: object = config.get("driverOptions") ?? {};
  const client = new PostgreSqlConnection(config).mapOptions(driverOptions);
  const statementTimeoutMs = client.query_timeout ?? STATEMENT_TIMEOUT_MS;
  return new SessionPool({
    client,
    clientClass: "Client" in driverOptions ? ChannelBoundClient : Client,
    defaultSessions: client.max ?? DEFAULT_POOL_SIZE,
    settings: { statementTimeoutMs },
    waitMs: statementTimeoutMs,
  });
};

/** A pool that several storages share. Each storage releases it once. */
export interface SharedPool {
  readonly pool: SessionPool;
  release(): Promise<void>;
}

const sharedPools = new WeakMap<Orm, { readonly pool: SessionPool; users: number }>();

/** Returns one pool for all storages of an ORM, so that they share one limit and do not starve each other. */
export const shareSessionPool = (orm: Orm): SharedPool | undefined => {
  const existing = sharedPools.get(orm);
  const pool = existing?.pool ?? openSessionPool(orm);
  if (pool === undefined) return undefined;
  const entry = existing ?? { pool, users: 0 };
  entry.users += 1;
  sharedPools.set(orm, entry);
  let isReleased = false;
  return {
    pool,
    async release() {
      if (isReleased) return;
      isReleased = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      sharedPools.delete(orm);
      await pool.end();
    },
  };
};
