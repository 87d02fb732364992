import { PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { ChannelBoundClient } from "./channel-binding.ts";
import { SessionPool } from "./session-pool.ts";
import type { Orm } from "./sessions.ts";

/** If the ORM's configuration names no limit of its own. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** As many as MikroORM opens by default. */
const DEFAULT_SESSIONS = 10;

/** True if a connection's configuration is all that the host does to set its sessions up. */
const isPlain = ({ driver, em }: Orm): boolean => {
  if (driver.constructor.name !== "PostgreSqlDriver") return false;
  const { config } = em;
  const given: unknown = config.get("driverOptions") ?? {};
  if (typeof given !== "object" || given === null || Object.getPrototypeOf(given) !== Object.prototype) {
    return false;
  }
  const hooks = [config.get("onCreateConnection"), config.get("onReserveConnection")];
  const isHooked = hooks.some((hook) => hook !== undefined) || config.get("sessionContext") === "connection";
  const hasOwnClient = "Client" in given && given.Client !== ChannelBoundClient;
  return !isHooked && !hasOwnClient && !("createDriver" in given) && !("onPoolCreated" in given);
};

/**
 * Opens a pool of joblib's own, made from the ORM's configuration; it connects when the first statement comes. Undefined
 * for the embedded database, and for a host that sets its sessions up by hooks, which are not ours to repeat.
 */
export const openSessionPool = (orm: Orm): SessionPool | undefined => {
  if (!isPlain(orm)) return undefined;
  const { config } = orm.em;
  const driverOptions: object = config.get("driverOptions") ?? {};
  const client = new PostgreSqlConnection(config).mapOptions(driverOptions);
  const statementTimeoutMs = client.query_timeout ?? STATEMENT_TIMEOUT_MS;
  return new SessionPool({
    client,
    clientClass: "Client" in driverOptions ? ChannelBoundClient : Client,
    freeSessions: client.max ?? DEFAULT_SESSIONS,
    settings: { statementTimeoutMs },
    waitMs: statementTimeoutMs,
  });
};

/** A pool that several storages share; each gives its part back once. */
export interface SharedPool {
  readonly pool: SessionPool;
  release(): Promise<void>;
}

const open = new WeakMap<Orm, { readonly pool: SessionPool; users: number }>();

/** Shares one pool among all storages on an ORM: together they keep to one limit, and do not starve each other. */
export const shareSessionPool = (orm: Orm): SharedPool | undefined => {
  const known = open.get(orm);
  const pool = known?.pool ?? openSessionPool(orm);
  if (pool === undefined) return undefined;
  const entry = known ?? { pool, users: 0 };
  entry.users += 1;
  open.set(orm, entry);
  let isReleased = false;
  return {
    pool,
    async release() {
      if (isReleased) return;
      isReleased = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      open.delete(orm);
      await pool.end();
    },
  };
};
