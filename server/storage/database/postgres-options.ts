import { userInfo } from "node:os";
import { isAbsolute } from "node:path";
import {
  type ConnectionOptions,
  checkServerIdentity,
  type SecureContext,
  type SecureVersion,
} from "node:tls";
import { Client, type ClientConfig, type Connection } from "pg";
import { createTlsContext, type TlsFiles } from "../../settings/pem-files.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import {
  type Environment,
  type ParameterValues,
  type PostgresParameter,
  readParameters,
} from "./postgres-url.ts";

export interface PostgresOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dbName: string;
  readonly driverOptions: ClientConfig & { readonly Client?: typeof ChannelBoundClient };
}

/**
 * Returns MikroORM's options for a PostgreSQL URL and libpq's environment variables, including the
 * TLS options, which MikroORM ignores in a `clientUrl`. Reads the certificate files. Throws a
 * SettingsError with a message of one line for an unsupported parameter.
 */
export function postgresOptions(url: string, env: Environment = process.env): PostgresOptions {
  try {
    return toOptions(readParameters(url, env));
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`PostgreSQL URL: ${error.message}`);
    throw error;
  }
}

function toOptions(parameters: ParameterValues): PostgresOptions {
  const getText = (name: PostgresParameter) => parameters.get(name)?.value;
  const host = getText("host") ?? "localhost";
  const user = getText("user") ?? getSystemUser();
  const ssl = createPostgresTls(parameters, host);
  const texts = (["options", "application_name", "fallback_application_name"] as const)
    .filter((name) => parameters.has(name))
    .map((name) => [name, getText(name)]);
  const binding = ssl === false ? "disable" : getText("channel_binding");
  const timeout = getText("connect_timeout");
  const idle = getText("keepalives_idle");
  return {
    host,
    port: Number(getText("port") ?? 5432),
    user,
    // If the password is empty, pg reads ~/.pgpass.
    password: getText("password") ?? "",
    dbName: getText("dbname") ?? user,
    driverOptions: {
      // Set even if TLS is off. Otherwise pg would read PGSSLMODE and PGSSLNEGOTIATION, which it
      // interprets differently from libpq.
      ssl,
      sslnegotiation: ssl !== false && getText("sslnegotiation") === "direct" ? "direct" : "postgres",
      ...Object.fromEntries(texts),
      ...(binding === "prefer" && { enableChannelBinding: true }),
      ...(binding === "require" && { enableChannelBinding: true, Client: ChannelBoundClient }),
      ...(timeout !== undefined && { connectionTimeoutMillis: Number(timeout) * 1000 }),
      keepAlive: getText("keepalives") !== "0",
      ...(idle !== undefined && { keepAliveInitialDelayMillis: Number(idle) * 1000 }),
    },
  };
}

function getSystemUser(): string {
  try {
    return userInfo().username;
  } catch {
    throw new SettingsError(
      "the URL has no user, and the user of this process has no name: add a user to the URL",
    );
  }
}

const SYSTEM_CERTIFICATES = "system";

/**
 * Creates pg's `ssl` option with the meaning of libpq's `sslmode`. `require` verifies the server's
 * certificate only if `sslrootcert` is set, `verify-ca` always verifies it, and `verify-full` also
 * verifies that it is for this host. Returns false for `disable`, and for a Unix socket, because
 * its data does not leave the machine.
 */
function createPostgresTls(parameters: ParameterValues, host: string): PostgresTls | false {
  if (isAbsolute(host)) return false;
  const mode = getSslMode(parameters);
  if (mode === "disable") {
    requireNoTlsParameters(parameters);
    return false;
  }
  const root = parameters.get("sslrootcert");
  const isSystem = root?.value === SYSTEM_CERTIFICATES;
  if (isSystem && mode !== "verify-full") {
    throw new SettingsError(
      `${root.source}=system needs sslmode=verify-full, because any public certificate is trusted`,
    );
  }
  if (root === undefined && mode === "verify-ca") {
    throw new SettingsError(
      "sslmode=verify-ca needs sslrootcert, the file of the certificate authority; for a public authority, use sslmode=verify-full",
    );
  }
  const files = {
    ca: isSystem ? undefined : root,
    cert: parameters.get("sslcert"),
    key: parameters.get("sslkey"),
    passphrase: parameters.get("sslpassword")?.value,
    minVersion: getTlsVersion(parameters, "ssl_min_protocol_version"),
    maxVersion: getTlsVersion(parameters, "ssl_max_protocol_version"),
  };
  const mustVerify = mode !== "require" || root !== undefined;
  return new PostgresTls(files, mustVerify, mode === "verify-full" ? host : undefined);
}

class PostgresTls implements ConnectionOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity: NonNullable<ConnectionOptions["checkServerIdentity"]>;

  constructor(files: TlsFiles, mustVerify: boolean, hostName: string | undefined) {
    this.secureContext = createTlsContext(files);
    this.rejectUnauthorized = mustVerify;
    // For an IP address, pg passes no name to Node.js, which would then check the name "localhost".
    this.checkServerIdentity = (_, peer) =>
      hostName === undefined ? undefined : checkServerIdentity(hostName, peer);
  }

  /**
   * Prevents MikroORM from copying the options member by member, because a copied `secureContext`
   * crashes the process.
   */
  clone(): this {
    return this;
  }
}

function getSslMode(parameters: ParameterValues): string {
  const mode = parameters.get("sslmode");
  const isJdbc = parameters.has("ssl");
  if (isJdbc && isFromUrl(parameters, "sslmode")) {
    throw new SettingsError("ssl and sslmode exclude each other");
  }
  if (isJdbc) return "require";
  if (mode !== undefined) return mode.value;
  // `sslrootcert=system` implies `verify-full`, as in libpq, because every owner of a domain can
  // get a certificate from a public authority for it.
  return parameters.get("sslrootcert")?.value === SYSTEM_CERTIFICATES ? "verify-full" : "disable";
}

const isFromUrl = (parameters: ParameterValues, name: PostgresParameter): boolean =>
  parameters.get(name)?.source === name;

/**
 * Throws a SettingsError if the URL or the environment sets TLS parameters although TLS is off,
 * because they would have no effect.
 */
function requireNoTlsParameters(parameters: ParameterValues): void {
  for (const name of [
    ...(["sslrootcert", "sslcert", "sslkey", "sslpassword"] as const),
    ...(["ssl_min_protocol_version", "ssl_max_protocol_version"] as const),
  ]) {
    const parameter = parameters.get(name);
    // `sslmode=disable` in the URL overrides environment variables, which may be meant for other
    // databases.
    const isOverridden = isFromUrl(parameters, "sslmode") && !isFromUrl(parameters, name);
    if (parameter === undefined || isOverridden) continue;
    throw new SettingsError(
      parameters.has("sslmode")
        ? `${parameter.source} has no effect with sslmode=disable: remove one of them`
        : `${parameter.source} has no effect without sslmode: add sslmode=verify-full`,
    );
  }
  for (const name of ["sslnegotiation", "channel_binding"] as const) {
    const { source, value } = parameters.get(name) ?? {};
    if (value !== "direct" && value !== "require") continue;
    throw new SettingsError(`${source}=${value} needs sslmode=require, verify-ca or verify-full`);
  }
}

function getTlsVersion(parameters: ParameterValues, name: PostgresParameter): SecureVersion | undefined {
  const value = parameters.get(name)?.value;
  return value === "TLSv1.2" || value === "TLSv1.3" ? value : undefined;
}

const NO_CHANNEL_BINDING =
  "the database offers no channel binding, which channel_binding=require requires: the connection may be intercepted";

/**
 * A client that requires SCRAM channel binding, which pg can only prefer. If the server does not
 * offer channel binding, the client ends the connection before it sends a password or a proof of
 * the password. Like libpq, it also rejects a server that asks for no password.
 */
export class ChannelBoundClient extends Client {
  declare readonly connection: Connection;

  constructor(config?: ConstructorParameters<typeof Client>[0]) {
    super(config);
    let isBound = false;
    const refuse = () => {
      // The same packet may contain ReadyForQuery, for which pg would report a successful
      // connection before it reports this error.
      this.connection.removeAllListeners("readyForQuery");
      this.connection.stream.destroy(new Error(NO_CHANNEL_BINDING));
    };
    this.connection.prependListener("authenticationCleartextPassword", refuse);
    this.connection.prependListener("authenticationMD5Password", refuse);
    this.connection.prependListener("authenticationSASL", ({ mechanisms }: { mechanisms: string[] }) => {
      isBound = mechanisms.includes("SCRAM-SHA-256-PLUS");
      if (!isBound) refuse();
    });
    this.connection.prependListener("authenticationOk", () => {
      if (!isBound) refuse();
    });
  }
}
