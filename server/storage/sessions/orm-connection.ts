import { isAbsolute } from "node:path";
import { type Dictionary, PostgreSqlConnection } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { type ConnectionSecurity, isLoopback } from "../../../protocol/index.ts";
import { ChannelBoundClient } from "../database/channel-binding.ts";
import { postgresOptions } from "../database/postgres-options.ts";
import type { Orm } from "./orm.ts";

/** The host of an ORM's connections, and whether they use TLS and verify the certificate. */
export interface OrmConnection {
  readonly host: string;
  readonly tls: "none" | "unverified" | "verified";
}

const isPlainObject = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/**
 * Returns false if the host has set its own client, dialect or function, because its connections are then
 * unknown.
 */
const isReadable = (driverOptions: unknown): driverOptions is Dictionary =>
  isPlainObject(driverOptions) &&
  !("createDriver" in driverOptions) &&
  (!("Client" in driverOptions) || driverOptions["Client"] === ChannelBoundClient);

const getTls = (ssl: unknown): OrmConnection["tls"] => {
  if (ssl === undefined || ssl === null || ssl === false) return "none";
  const isUnverified =
    typeof ssl === "object" && "rejectUnauthorized" in ssl && ssl.rejectUnauthorized === false;
  return isUnverified ? "unverified" : "verified";
};

/**
 * Reads the host of the ORM's connections, and whether they use TLS. pg derives them from options, connection
 * string and environment, so they are read from a client that never connects. Returns undefined for another
 * database, or if only the host knows them.
 */
export const readOrmConnection = ({ driver, em }: Orm): OrmConnection | undefined => {
  if (driver.constructor.name !== "PostgreSqlDriver") return undefined;
  const driverOptions: unknown = em.config.get("driverOptions") ?? {};
  if (!isReadable(driverOptions)) return undefined;
  const client = new Client(new PostgreSqlConnection(em.config).mapOptions(driverOptions));
  return { host: client.host, tls: getTls(client.ssl) };
};

const toSecurity = ({ host, tls }: OrmConnection): ConnectionSecurity => {
  if (tls !== "none") return tls === "verified" ? "tls" : "tls-unverified";
  return isAbsolute(host) || isLoopback(host) ? "local" : "plain";
};

/** Returns how connections to the database of a URL are secured. */
export const getUrlSecurity = (url: string): ConnectionSecurity => {
  const { host, driverOptions } = postgresOptions(url);
  return toSecurity({ host, tls: getTls(driverOptions.ssl) });
};

/** Returns how the ORM's connections are secured; null if only the host knows. */
export const getOrmSecurity = (orm: Orm): ConnectionSecurity | null => {
  if (orm.driver.constructor.name === "PgliteDriver") return "local";
  const connection = readOrmConnection(orm);
  return connection === undefined ? null : toSecurity(connection);
};
