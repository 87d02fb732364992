import { userInfo } from "node:os";
import type { ClientConfig } from "pg";
import { SettingsError } from "../../settings-error.ts";
import { ChannelBoundClient } from "./channel-binding.ts";
import { POSTGRES_PARAMETERS, type PostgresParameter, UNSUPPORTED_VARIABLES } from "./postgres-parameters.ts";
import { createPostgresTls, type ParameterValue, type ParameterValues } from "./postgres-tls.ts";
import { parsePostgresUrl } from "./postgres-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** MikroORM's options for a PostgreSQL connection, including pg's. */
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

/** Collects the parameters with libpq's precedence: the URL overrides the environment. */
const collectParameters = (url: string, env: Environment): ParameterValues => {
  const parameters = new Map<PostgresParameter, ParameterValue>();
  for (const [name, value] of parsePostgresUrl(url))
    parameters.set(name, { value, source: name, isFromUrl: true });
  for (const [name, { variable, check }] of Object.entries(POSTGRES_PARAMETERS)) {
    const value = variable === undefined ? undefined : env[variable];
    if (variable === undefined || value === undefined || value === "") continue;
    if (!isParameter(name) || parameters.has(name)) continue;
    const fault = check?.(value);
    if (fault !== undefined) throw new SettingsError(`${variable}=${value} ${fault}`);
    parameters.set(name, { value, source: variable, isFromUrl: false });
  }
  const unsupported = UNSUPPORTED_VARIABLES.find((name) => (env[name] ?? "") !== "");
  if (unsupported !== undefined) {
    throw new SettingsError(`the environment variable ${unsupported} is not supported: unset it for joblib`);
  }
  return parameters;
};

const getSystemUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    throw new SettingsError(
      "the URL has no user, and the user of this process has no name: add a user to the URL",
    );
  }
};

const readOptions = (url: string, env: Environment): PostgresOptions => {
  const parameters = collectParameters(url, env);
  const getText = (name: PostgresParameter) => parameters.get(name)?.value;
  const getNumber = (name: PostgresParameter) => {
    const value = getText(name);
    return value === undefined ? undefined : Number(value);
  };
  const host = getText("host") ?? "localhost";
  const user = getText("user") ?? getSystemUser();
  const ssl = createPostgresTls(parameters, host);
  const timeout = getNumber("connect_timeout");
  const idle = getNumber("keepalives_idle");
  const optional = {
    options: getText("options"),
    application_name: getText("application_name"),
    fallback_application_name: getText("fallback_application_name"),
  };
  const binding = ssl === false ? "disable" : getText("channel_binding");
  return {
    host,
    port: getNumber("port") ?? 5432,
    user,
    // If the password is empty, pg reads ~/.pgpass.
    password: getText("password") ?? "",
    dbName: getText("dbname") ?? user,
    driverOptions: {
      // Both options are always set. Otherwise pg would read PGSSLMODE and PGSSLNEGOTIATION, which it
      // interprets differently from libpq.
      ssl,
      sslnegotiation: ssl !== false && getText("sslnegotiation") === "direct" ? "direct" : "postgres",
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      ...(binding === "prefer" && { enableChannelBinding: true }),
      ...(binding === "require" && { enableChannelBinding: true, Client: ChannelBoundClient }),
      ...(timeout !== undefined && { connectionTimeoutMillis: timeout * 1000 }),
      keepAlive: getText("keepalives") !== "0",
      ...(idle !== undefined && { keepAliveInitialDelayMillis: idle * 1000 }),
    },
  };
};

/**
 * Returns MikroORM's options for a PostgreSQL URL and libpq's environment variables. They include TLS
 * options, which MikroORM ignores in a `clientUrl`. Reads the certificate files. Throws a SettingsError with
 * a message of one line for an unsupported parameter.
 */
export const postgresOptions = (url: string, env: Environment = process.env): PostgresOptions => {
  try {
    return readOptions(url, env);
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`PostgreSQL URL: ${error.message}`);
    throw error;
  }
};
