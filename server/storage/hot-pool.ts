import { PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Pool, type PoolConfig } from "pg";
import { ChannelBoundClient } from "./channel-binding.ts";
import { HotSql } from "./hot-sql.ts";
import type { Orm, Sql } from "./sessions.ts";

/** How a pool's connections are used, and how many statements wait for one. */
export interface PoolUse {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

/** A small pool for the statements that every task goes through; it connects when the first of them comes. */
export interface HotPool {
  readonly sql: Sql;
  readonly use: PoolUse;
  close(): Promise<void>;
}

/** One statement of a kind is in flight at a time (they coalesce), so more connections would only wait. */
const CONNECTIONS = 4;

/**
 * A queue's statistics are nearly always wrong, so the planner is not asked: believing that two tasks pend it reads all
 * of them for every claim (2.9k against 5.9k lifecycles/s), and a plan made while the table was small stays for ever
 * (4.5k falling to 2.8k). With these there is one plan left, which looks each row up by an index; it is kept, because
 * planning took longer than the statement (a claim 4.4 against 1.0 ms, a step 2.1 against 1.2, 64 inserts 11 against 4).
 * No statement here runs long enough to earn a compilation back.
 */
const SETTINGS = {
  enable_bitmapscan: "off",
  enable_seqscan: "off",
  enable_sort: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  jit: "off",
  plan_cache_mode: "force_generic_plan",
  /** Times come as they are answered. */
  timezone: "UTC",
};

/** The table may be locked for hours: who waits is told to come again. Where the host's configuration names no time of its own. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** The server's word comes first; without it the connection is dead. */
const GRACE_MS = 2_000;

/** A connection's plans are made anew so often, should one of them have gone wrong all the same. */
const LIFETIME_SECONDS = 300;

/** In the start-up packet, so that neither RESET ALL nor a pooler's reuse of the session undoes them. */
const startupOptions = (own: string | undefined, statementTimeoutMs: number): string => {
  const all = { ...SETTINGS, statement_timeout: statementTimeoutMs };
  return [own, ...Object.entries(all).map(([name, value]) => `-c ${name}=${value}`)]
    .filter(Boolean)
    .join(" ");
};

/** How the host sets its sessions up, beyond what a connection's configuration says, is not for us to repeat. */
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
  return !isHooked && !("createDriver" in given) && !hasOwnClient && !("onPoolCreated" in given);
};

const poolOptions = ({ em }: Orm): PoolConfig => {
  const options = new PostgreSqlConnection(em.config).mapOptions(em.config.get("driverOptions") ?? {});
  const max = Math.min(CONNECTIONS, options.max ?? CONNECTIONS);
  const timeoutMs = options.query_timeout ?? STATEMENT_TIMEOUT_MS;
  return {
    ...options,
    // A task after a quiet minute would wait for a connection and its plans; they end with their lifetime.
    idleTimeoutMillis: options.idleTimeoutMillis ?? 0,
    min: 0,
    max,
    options: startupOptions(options.options ?? process.env["PGOPTIONS"], timeoutMs),
    query_timeout: timeoutMs + GRACE_MS,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    allowExitOnIdle: true,
  };
};

/** A pool beside the ORM's, made from its configuration; undefined where the ORM is no plain PostgreSQL. */
export const openHotPool = (orm: Orm): HotPool | undefined => {
  if (!isPlain(orm)) return undefined;
  const pool = new Pool(poolOptions(orm));
  // The statement in flight rejects on its own; an "error" that nobody hears would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const sql = new HotSql(pool);
  let closed: Promise<void> | undefined;
  return {
    sql,
    get use() {
      const { totalCount, idleCount, waitingCount } = pool;
      return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
    },
    close: () => {
      closed ??= pool.end();
      return closed;
    },
  };
};
