import { SettingsError } from "../../settings-error.ts";
import type { Orm } from "../sessions/orm.ts";
import { readOrmConnection } from "../sessions/orm-connection.ts";

/**
 * The parameters of a PostgreSQL URL that can require TLS, each with the pattern of the values that do not
 * require it.
 */
const TLS_PARAMETERS: Readonly<Record<string, RegExp | undefined>> = {
  sslmode: /^(disable|allow|prefer)$/,
  ssl: /^(false|0)$/,
  sslnegotiation: /^postgres$/,
  channel_binding: /^(disable|prefer)$/,
  sslrootcert: undefined,
  sslcert: undefined,
  sslkey: undefined,
};

const getQuery = (url: string): URLSearchParams => new URLSearchParams(url.split("?").slice(1).join("?"));

const findTlsParameter = (url: string): string | undefined => {
  const query = getQuery(url);
  const requiresTls = ([name, unencrypted]: [string, RegExp | undefined]) => {
    const value = query.get(name);
    return value !== null && unencrypted?.test(value) !== true;
  };
  return Object.entries(TLS_PARAMETERS).find(requiresTls)?.[0];
};

/**
 * Throws a SettingsError if the URL in the host's MikroORM requires TLS that its connections do not have. MikroORM ignores
 * the parameters of a `clientUrl`, so passwords would be sent in plain text.
 */
export const requireUrlTls = (orm: Orm): void => {
  const url: unknown = orm.em.config.get("clientUrl");
  const parameter = typeof url === "string" ? findTlsParameter(url) : undefined;
  const connection = parameter === undefined ? undefined : readOrmConnection(orm);
  // TLS is not possible on a Unix socket. If joblib cannot read how the host connects, the host is
  // responsible for TLS.
  if (typeof url !== "string" || connection === undefined || connection.host.startsWith("/")) return;
  const mustVerify = getQuery(url).get("sslmode")?.startsWith("verify-") === true;
  if (connection.tls === "verified" || (connection.tls === "unverified" && !mustVerify)) return;
  const weakness = connection.tls === "none" ? "are not encrypted" : "do not check the server's certificate";
  throw new SettingsError(
    `the clientUrl of the MikroORM has the parameter ${parameter}, which MikroORM ignores: its connections ${weakness}. Pass ...postgresOptions(url) from joblib/server to MikroORM instead of clientUrl, or set driverOptions.ssl`,
  );
};
