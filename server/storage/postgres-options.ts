import { userInfo } from "node:os";
import type { ClientConfig } from "pg";
import { SettingsError } from "../settings-error.ts";
import { ChannelBoundClient } from "./channel-binding.ts";
import { POSTGRES_PARAMETERS, type PostgresParameter, UNSUPPORTED_VARIABLES } from "./postgres-parameters.ts";
import { createPostgresTls, type ParameterValue, type ParameterValues } from "./postgres-tls.ts";
import { parsePostgresUrl } from "./postgres-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What MikroORM takes for a PostgreSQL connection: its own options, and pg's. */
export interface PostgresOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dbName: string;
  readonly driverOptions: Pick<
    ClientConfig,
    | "ssl"
    | "sslnegotiation"
    | "enableChannelBinding"
    | "options"
    | "application_name"
    | "fallback_application_name"
    | "connectionTimeoutMillis"
    | "keepAlive"
    | "keepAliveInitialDelayMillis"
  > & { readonly Client?: typeof ChannelBoundClient };
}

const isParameter = (name: string): name is PostgresParameter => Object.hasOwn(POSTGRES_PARAMETERS, name);

/** libpq's order: the URL, then the environment. */
const collect = (url: string, env: Environment): ParameterValues => {
  const given = new Map<PostgresParameter, ParameterValue>();
  for (const [name, value] of parsePostgresUrl(url))
    given.set(name, { value, source: name, isFromUrl: true });
  for (const [name, { variable, check }] of Object.entries(POSTGRES_PARAMETERS)) {
    const value = variable === undefined ? undefined : env[variable];
    if (variable === undefined || value === undefined || value === "") continue;
    if (!isParameter(name) || given.has(name)) continue;
    const wrong = check?.(value);
    if (wrong !== undefined) throw new SettingsError(`${variable}=${value} ${wrong}`);
    given.set(name, { value, source: variable, isFromUrl: false });
  }
  const unsupported = UNSUPPORTED_VARIABLES.find((name) => (env[name] ?? "") !== "");
  if (unsupported !== undefined) {
    throw new SettingsError(`the environment variable ${unsupported} is not supported: unset it for joblib`);
  }
  return given;
};

const systemUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    throw new SettingsError("the URL names no user, and this process's user has no name: add one");
  }
};

const readOptions = (url: string, env: Environment): PostgresOptions => {
  const given = collect(url, env);
  const textOf = (name: PostgresParameter) => given.get(name)?.value;
  const numberOf = (name: PostgresParameter) => {
    const value = textOf(name);
    return value === undefined ? undefined : Number(value);
  };
  const host = textOf("host") ?? "localhost";
  const user = textOf("user") ?? systemUser();
  const ssl = createPostgresTls(given, host);
  const timeout = numberOf("connect_timeout");
  const idle = numberOf("keepalives_idle");
  const optional = {
    options: textOf("options"),
    application_name: textOf("application_name"),
    fallback_application_name: textOf("fallback_application_name"),
  };
  const binding = ssl === false ? "disable" : textOf("channel_binding");
  return {
    host,
    port: numberOf("port") ?? 5432,
    user,
    // Without one, pg looks into ~/.pgpass.
    password: textOf("password") ?? "",
    dbName: textOf("dbname") ?? user,
    driverOptions: {
      // Both are always said: pg would read PGSSLMODE and PGSSLNEGOTIATION, with meanings of its own.
      ssl,
      sslnegotiation: ssl !== false && textOf("sslnegotiation") === "direct" ? "direct" : "postgres",
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      ...(binding === "prefer" && { enableChannelBinding: true }),
      ...(binding === "require" && { enableChannelBinding: true, Client: ChannelBoundClient }),
      ...(timeout !== undefined && { connectionTimeoutMillis: timeout * 1000 }),
      keepAlive: textOf("keepalives") !== "0",
      ...(idle !== undefined && { keepAliveInitialDelayMillis: idle * 1000 }),
    },
  };
};

/**
 * Returns MikroORM's options for a PostgreSQL URL and libpq's environment variables, TLS included, which MikroORM drops
 * from a `clientUrl`. Reads the certificate files. Throws a SettingsError, one line, for what cannot be honoured.
 */
export const postgresOptions = (url: string, env: Environment = process.env): PostgresOptions => {
  try {
    return readOptions(url, env);
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`PostgreSQL URL: ${error.message}`);
    throw error;
  }
};
