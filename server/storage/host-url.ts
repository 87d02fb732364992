import { SettingsError } from "../settings-error.ts";
import { readOrmConnection } from "./orm-connection.ts";
import type { Orm } from "./sessions.ts";

/** The parameters of a PostgreSQL URL that ask for encryption, and the values with which they do not. */
const TLS_PARAMETERS: Readonly<Record<string, RegExp | undefined>> = {
  sslmode: /^(disable|allow|prefer)$/,
  ssl: /^(false|0)$/,
  sslnegotiation: /^postgres$/,
  channel_binding: /^(disable|prefer)$/,
  sslrootcert: undefined,
  sslcert: undefined,
  sslkey: undefined,
};

const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.split("?").slice(1).join("?"));

const tlsParameterOf = (url: string): string | undefined => {
  const query = queryOf(url);
  const asks = ([name, unencrypted]: [string, RegExp | undefined]) => {
    const value = query.get(name);
    return value !== null && unencrypted?.test(value) !== true;
  };
  return Object.entries(TLS_PARAMETERS).find(asks)?.[0];
};

/**
 * Throws a SettingsError if the URL in the host's MikroORM asks for TLS that its connections do not have: MikroORM reads no
 * parameters of a `clientUrl`, so passwords would go over the network in plain text.
 */
export const requireUrlTls = (orm: Orm): void => {
  const url: unknown = orm.em.config.get("clientUrl");
  const parameter = typeof url === "string" ? tlsParameterOf(url) : undefined;
  const connection = parameter === undefined ? undefined : readOrmConnection(orm);
  // A Unix socket has no TLS, and what only the host knows is the host's to secure.
  if (typeof url !== "string" || connection === undefined || connection.host.startsWith("/")) return;
  const mustVerify = queryOf(url).get("sslmode")?.startsWith("verify-") === true;
  if (connection.tls === "verified" || (connection.tls === "unverified" && !mustVerify)) return;
  const fault = connection.tls === "none" ? "are not encrypted" : "do not check the server's certificate";
  throw new SettingsError(
    `the clientUrl of the MikroORM has the parameter ${parameter}, which MikroORM ignores: its connections ${fault}. Give MikroORM ...postgresOptions(url), of joblib/server, in place of clientUrl, or set driverOptions.ssl`,
  );
};
