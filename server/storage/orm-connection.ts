import { isAbsolute } from "node:path";
import { type Dictionary, PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { type ConnectionSecurity, isLoopback } from "../../protocol/index.ts";
import { ChannelBoundClient } from "./channel-binding.ts";
import { postgresOptions } from "./postgres-options.ts";
import type { Orm } from "./sessions.ts";

/** Where an ORM's connections go, and how they are secured. */
export interface OrmConnection {
  readonly host: string;
  readonly tls: "none" | "unverified" | "verified";
}

const isPlainObject = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** False if the host gave a client, a dialect or a function of its own: what those do cannot be read. */
const isReadable = (driverOptions: unknown): driverOptions is Dictionary =>
  isPlainObject(driverOptions) &&
  !("createDriver" in driverOptions) &&
  (!("Client" in driverOptions) || driverOptions["Client"] === ChannelBoundClient);

const tlsOf = (ssl: unknown): OrmConnection["tls"] => {
  if (ssl === undefined || ssl === null || ssl === false) return "none";
  const isUnverified =
    typeof ssl === "object" && "rejectUnauthorized" in ssl && ssl.rejectUnauthorized === false;
  return isUnverified ? "unverified" : "verified";
};

/**
 * Reads where the ORM's pools connect to, and with what TLS: pg decides by options, connection string and environment, so a
 * client that never connects is asked. Undefined if the ORM is on another database or the answer is only the host's to know.
 */
export const readOrmConnection = ({ driver, em }: Orm): OrmConnection | undefined => {
  if (driver.constructor.name !== "PostgreSqlDriver") return undefined;
  const driverOptions: unknown = em.config.get("driverOptions") ?? {};
  if (!isReadable(driverOptions)) return undefined;
  const client = new Client(new PostgreSqlConnection(em.config).mapOptions(driverOptions));
  return { host: client.host, tls: tlsOf(client.ssl) };
};

const toSecurity = ({ host, tls }: OrmConnection): ConnectionSecurity => {
  if (tls !== "none") return tls === "verified" ? "tls" : "tls-unverified";
  return isAbsolute(host) || isLoopback(host) ? "local" : "plain";
};

/** Says who could read what goes to the database of a URL and back. */
export const getUrlSecurity = (url: string): ConnectionSecurity => {
  const { host, driverOptions } = postgresOptions(url);
  return toSecurity({ host, tls: tlsOf(driverOptions.ssl) });
};

/** Says who could read what goes to the ORM's database and back; null if only the host knows. */
export const getOrmSecurity = (orm: Orm): ConnectionSecurity | null => {
  if (orm.driver.constructor.name === "PgliteDriver") return "local";
  const connection = readOrmConnection(orm);
  return connection === undefined ? null : toSecurity(connection);
};
