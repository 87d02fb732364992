import { isAbsolute } from "node:path";
import { type Dictionary, PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { type ConnectionSecurity, isLoopback } from "../../../protocol/index.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { ChannelBoundClient, postgresOptions } from "../database/postgres-options.ts";
import type { Orm } from "./orm.ts";
import { SessionPool } from "./session-pool.ts";
import { DEFAULT_STATEMENT_TIMEOUT_MS } from "./session-settings.ts";

const isPlainObject = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/**
 * Returns pg's configuration and client class for the ORM's connections. Returns undefined for
 * another database. Also returns undefined if the host application has set its own client class,
 * dialect or function, because joblib then does not know how the application connects.
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

const MIKRO_ORM_POOL_SIZE = 10;

/**
 * Creates a session pool from the configuration of the ORM. Returns undefined for the embedded
 * database, and for a host application that sets up its sessions with hooks, which joblib cannot
 * run on its own sessions.
 */
export function openSessionPool(orm: Orm): SessionPool | undefined {
  const options = readClientConfig(orm);
  if (options === undefined || hasSessionHooks(orm)) return undefined;
  const { config: client, clientClass } = options;
  return new SessionPool({
    client,
    clientClass,
    defaultSessions: client.max ?? MIKRO_ORM_POOL_SIZE,
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
 * Returns one pool for all storages of an ORM, so that they share one connection limit and do not
 * starve each other.
 */
export function shareSessionPool(orm: Orm) {
  const pool = sharedPools.get(orm)?.pool ?? openSessionPool(orm);
  if (pool === undefined) return undefined;
  const shared = sharedPools.get(orm) ?? { pool, users: 0 };
  sharedPools.set(orm, shared);
  shared.users += 1;
  let isReleased = false;
  const release = async () => {
    if (isReleased) return;
    isReleased = true;
    shared.users -= 1;
    if (shared.users > 0) return;
    sharedPools.delete(orm);
    await pool.end();
  };
  return { pool, release };
}

/**
 * Returns the host and the TLS options of the ORM's connections. Creates a client that never
 * connects, because pg derives these values from options, connection string and environment.
 */
function readOrmConnection(orm: Orm): Pick<Client, "host" | "ssl"> | undefined {
  const options = readClientConfig(orm);
  return options && new Client(options.config);
}

function toSecurity(host: string, ssl: unknown): ConnectionSecurity {
  if (!ssl) return isAbsolute(host) || isLoopback(host) ? "local" : "plain";
  const isUnverified =
    typeof ssl === "object" && "rejectUnauthorized" in ssl && ssl.rejectUnauthorized === false;
  return isUnverified ? "tls-unverified" : "tls";
}

export function getUrlSecurity(url: string): ConnectionSecurity {
  const { host, driverOptions } = postgresOptions(url);
  return toSecurity(host, driverOptions.ssl);
}

/**
 * Returns how the ORM's connections are secured; null if joblib cannot read how the host
 * application connects.
 */
export function getOrmSecurity(orm: Orm): ConnectionSecurity | null {
  if (orm.driver.constructor.name === "PgliteDriver") return "local";
  const connection = readOrmConnection(orm);
  return connection === undefined ? null : toSecurity(connection.host, connection.ssl);
}

/**
 * The parameters of a PostgreSQL URL that can require TLS, each with the values that do not require
 * it.
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
 * Throws a SettingsError if the URL in the host application's MikroORM requires TLS that its
 * connections do not have. MikroORM ignores the parameters of a `clientUrl`, so passwords would be
 * sent in plain text.
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
  // A Unix socket has no TLS. If joblib cannot read how the host application connects, the
  // application is responsible for TLS.
  if (connection === undefined || connection.host.startsWith("/")) return;
  const security = toSecurity(connection.host, connection.ssl);
  const mustVerify = query.get("sslmode")?.startsWith("verify-") === true;
  if (security === "tls" || (security === "tls-unverified" && !mustVerify)) return;
  const weakness =
    security === "tls-unverified" ? "do not check the server's certificate" : "are not encrypted";
  throw new SettingsError(
    `the clientUrl of the MikroORM has the parameter ${parameter}, which MikroORM ignores: its connections ${weakness}. Pass ...postgresOptions(url) from joblib/server to MikroORM instead of clientUrl, or set driverOptions.ssl`,
  );
}
