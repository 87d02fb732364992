import { isAbsolute } from "node:path";
import { type Dictionary, PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { type ConnectionSecurity, isLoopback } from "../../../protocol/index.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { ChannelBoundClient } from "../database/channel-binding.ts";
import { postgresOptions } from "../database/postgres-options.ts";
import type { Orm } from "./orm.ts";
import { SessionPool } from "./session-pool.ts";
import { DEFAULT_STATEMENT_TIMEOUT_MS } from "./session-settings.ts";

const isPlainObject = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/**
 * Returns pg's configuration and client class for the ORM's connections. Returns undefined for another
 * database, and if the host has set its own client, dialect or function, because joblib then does not know
 * how the host connects.
 */
function readClientConfig({ driver, em }: Orm) {
  const driverOptions: unknown = em.config.get("driverOptions") ?? {};
  if (driver.constructor.name !== "PostgreSqlDriver" || !isPlainObject(driverOptions)) return undefined;
  const clientClass: unknown = driverOptions["Client"] ?? Client;
  if (clientClass !== Client && clientClass !== ChannelBoundClient) return undefined;
  if ("createDriver" in driverOptions) return undefined;
  const config = new PostgreSqlConnection(em.config).mapOptions(driverOptions);
  return { config, clientClass: clientClass === Client ? Client : ChannelBoundClient };
}

/** Default pool size of MikroORM. */
const DEFAULT_POOL_SIZE = 10;

/**
 * Creates a session pool from the configuration of the ORM. It connects at the first statement. Returns undefined for the
 * embedded database, and for a host that sets up its sessions with hooks, which joblib cannot repeat.
 */
export function openSessionPool(orm: Orm): SessionPool | undefined {
  const options = readClientConfig(orm);
  if (options === undefined || hasSessionHooks(orm)) return undefined;
  const { config: client, clientClass } = options;
  return new SessionPool({
    client,
    clientClass,
    defaultSessions: client.max ?? DEFAULT_POOL_SIZE,
    statementTimeoutMs: client.query_timeout ?? DEFAULT_STATEMENT_TIMEOUT_MS,
  });
}

function hasSessionHooks({ em: { config } }: Orm): boolean {
  return (
    config.get("onCreateConnection") !== undefined ||
    config.get("onReserveConnection") !== undefined ||
    config.get("sessionContext") === "connection" ||
    "onPoolCreated" in (config.get("driverOptions") ?? {})
  );
}

const sharedPools = new WeakMap<Orm, { readonly pool: SessionPool; users: number }>();

/**
 * Returns one pool for all storages of an ORM, so that they share one limit and do not starve each other. Each storage
 * calls `release` once.
 */
export function shareSessionPool(orm: Orm) {
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
}

/** The host of connections, and whether they use TLS and verify the certificate. */
interface OrmConnection {
  readonly host: string;
  readonly tls: "none" | "unverified" | "verified";
}

/**
 * Reads the host of the ORM's connections, and whether they use TLS. pg derives them from options, connection
 * string and environment, so they are read from a client that never connects.
 */
function readOrmConnection(orm: Orm): OrmConnection | undefined {
  const options = readClientConfig(orm);
  if (options === undefined) return undefined;
  const { host, ssl } = new Client(options.config);
  return { host, tls: getTls(ssl) };
}

function getTls(ssl: unknown): OrmConnection["tls"] {
  if (ssl === undefined || ssl === null || ssl === false) return "none";
  const isUnverified =
    typeof ssl === "object" && "rejectUnauthorized" in ssl && ssl.rejectUnauthorized === false;
  return isUnverified ? "unverified" : "verified";
}

function toSecurity({ host, tls }: OrmConnection): ConnectionSecurity {
  if (tls !== "none") return tls === "verified" ? "tls" : "tls-unverified";
  return isAbsolute(host) || isLoopback(host) ? "local" : "plain";
}

/** Returns how connections to the database of a URL are secured. */
export function getUrlSecurity(url: string): ConnectionSecurity {
  const { host, driverOptions } = postgresOptions(url);
  return toSecurity({ host, tls: getTls(driverOptions.ssl) });
}

/** Returns how the ORM's connections are secured; null if only the host knows. */
export function getOrmSecurity(orm: Orm): ConnectionSecurity | null {
  if (orm.driver.constructor.name === "PgliteDriver") return "local";
  const connection = readOrmConnection(orm);
  return connection === undefined ? null : toSecurity(connection);
}

/**
 * The parameters of a PostgreSQL URL that can require TLS, each with the pattern of the values that do not
 * require it.
 */
const TLS_PARAMETERS: readonly (readonly [name: string, unencrypted?: RegExp])[] = [
  ["sslmode", /^(disable|allow|prefer)$/],
  ["ssl", /^(false|0)$/],
  ["sslnegotiation", /^postgres$/],
  ["channel_binding", /^(disable|prefer)$/],
  ["sslrootcert"],
  ["sslcert"],
  ["sslkey"],
];

/**
 * Throws a SettingsError if the URL in the host's MikroORM requires TLS that its connections do not have. MikroORM ignores
 * the parameters of a `clientUrl`, so passwords would be sent in plain text.
 */
export function requireUrlTls(orm: Orm): void {
  const url: unknown = orm.em.config.get("clientUrl");
  if (typeof url !== "string") return;
  const query = new URLSearchParams(url.split("?").slice(1).join("?"));
  const parameter = TLS_PARAMETERS.find(([name, unencrypted]) => {
    const value = query.get(name);
    return value !== null && unencrypted?.test(value) !== true;
  })?.[0];
  const connection = parameter === undefined ? undefined : readOrmConnection(orm);
  // TLS is not possible on a Unix socket. If joblib cannot read how the host connects, the host is
  // responsible for TLS.
  if (connection === undefined || connection.host.startsWith("/")) return;
  const mustVerify = query.get("sslmode")?.startsWith("verify-") === true;
  if (connection.tls === "verified" || (connection.tls === "unverified" && !mustVerify)) return;
  const weakness = connection.tls === "none" ? "are not encrypted" : "do not check the server's certificate";
  throw new SettingsError(
    `the clientUrl of the MikroORM has the parameter ${parameter}, which MikroORM ignores: its connections ${weakness}. Pass ...postgresOptions(url) from joblib/server to MikroORM instead of clientUrl, or set driverOptions.ssl`,
  );
}
