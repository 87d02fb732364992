import { isIP } from "node:net";
import type { RedisOptions } from "ioredis";
import { SettingsError } from "../settings-error.ts";
import { createTlsContext, type FileParameter } from "../tls/pem-files.ts";

/**
 * The query parameters of a Redis URL. The names are those of redis-py, because there is no other convention
 * for TLS in Redis URLs.
 */
const TLS_PARAMETERS = [
  "ssl_ca_certs",
  "ssl_certfile",
  "ssl_keyfile",
  "ssl_password",
  "ssl_cert_reqs",
] as const;
const PARAMETERS = ["db", "family", ...TLS_PARAMETERS] as const;
type RedisParameter = (typeof PARAMETERS)[number];

interface RedisUrl {
  readonly isTls: boolean;
  /** Path of a Unix socket; undefined for TCP. */
  readonly path: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly db: number;
  readonly parameters: ReadonlyMap<RedisParameter, string>;
}

const LIKE =
  "must be a URL like redis://host:6379, rediss://host:6379 (TLS) or unix:///path/to/socket; percent-encode special characters of the password";
const PROTOCOLS = ["redis:", "rediss:", "unix:", "redis+unix:"];

const decode = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingsError(`the ${what} has a % that begins no percent-encoding: write it as %25`);
  }
};

const isSupported = (name: string): name is RedisParameter => PARAMETERS.some((one) => one === name);

const wrongValue = (name: RedisParameter, value: string): string | undefined => {
  if (value === "") return "has no value";
  if (name === "family" && !/^[46]$/.test(value)) return "must be 4 or 6";
  if (name === "db" && !/^\d{1,9}$/.test(value)) return "must be the number of a database";
  if (name === "ssl_cert_reqs" && value !== "required" && value !== "none") return "must be required or none";
  return undefined;
};

const readParameters = (query: URLSearchParams, isTls: boolean): ReadonlyMap<RedisParameter, string> => {
  const given = new Map<RedisParameter, string>();
  for (const [name, value] of query) {
    if (!isSupported(name)) {
      throw new SettingsError(
        `parameter ${name} is not supported; remove it. Supported: ${PARAMETERS.join(", ")}`,
      );
    }
    if (given.has(name)) throw new SettingsError(`parameter ${name} is given twice`);
    if (!isTls && TLS_PARAMETERS.some((one) => one === name)) {
      throw new SettingsError(`parameter ${name} has no effect without TLS: use rediss://`);
    }
    const wrong = wrongValue(name, value);
    if (wrong !== undefined) throw new SettingsError(`parameter ${name} ${wrong}`);
    given.set(name, value);
  }
  return given;
};

/** Parses a Redis URL. Throws a SettingsError that names an unsupported part; nothing is ignored. */
export const parseRedisUrl = (text: string): RedisUrl => {
  // The WHATWG URL parser rejects a user before an empty host, which redis-py's URLs can have.
  const whole = text.replace(/^((?:redis\+)?unix:\/\/[^/?]*@)\//, "$1localhost/");
  if (!URL.canParse(whole)) throw new SettingsError(LIKE);
  const url = new URL(whole);
  if (!PROTOCOLS.includes(url.protocol) || url.hash !== "") throw new SettingsError(LIKE);
  const isSocket = url.protocol === "unix:" || url.protocol === "redis+unix:";
  const isTls = url.protocol === "rediss:";
  const parameters = readParameters(url.searchParams, isTls);
  const path = decode(url.pathname, "path");
  if (isSocket && (!["", "localhost"].includes(url.hostname) || path.length < 2))
    throw new SettingsError(LIKE);
  if (!isSocket && url.hostname === "") throw new SettingsError(LIKE);
  const index = isSocket ? "" : path.replace(/^\//, "");
  if (index !== "" && parameters.has("db")) {
    throw new SettingsError("the database is given twice: in the path and as parameter db");
  }
  if (!/^\d{0,9}$/.test(index))
    throw new SettingsError("its path must be the number of a database, as in redis://host/1");
  return {
    isTls,
    path: isSocket ? path : undefined,
    host: decode(url.hostname.replace(/^\[|\]$/g, ""), "host"),
    port: Number(url.port || 6379),
    username: decode(url.username, "user"),
    password: decode(url.password, "password"),
    db: Number(parameters.get("db") ?? (index || 0)),
    parameters,
  };
};

/**
 * Returns the TLS options. ioredis lets Node.js check the certificate and the host name, but does not send
 * the host name (SNI), so a server with several certificates could respond with the wrong one.
 */
const tlsOptions = ({ host, parameters }: RedisUrl): NonNullable<RedisOptions["tls"]> => {
  const file = (source: RedisParameter): FileParameter | undefined => {
    const value = parameters.get(source);
    return value === undefined ? undefined : { source, value };
  };
  return {
    secureContext: createTlsContext({
      ca: file("ssl_ca_certs"),
      cert: file("ssl_certfile"),
      key: file("ssl_keyfile"),
      passphrase: parameters.get("ssl_password"),
    }),
    rejectUnauthorized: parameters.get("ssl_cert_reqs") !== "none",
    ...(isIP(host) === 0 && { servername: host }),
  };
};

/** The options of ioredis that a URL can set. */
type RedisUrlOptions = Pick<
  RedisOptions,
  "host" | "port" | "path" | "username" | "password" | "family" | "db" | "tls"
>;

const readOptions = (text: string): RedisUrlOptions => {
  const url = parseRedisUrl(text);
  const family = url.parameters.get("family");
  return {
    ...(url.path === undefined ? { host: url.host, port: url.port } : { path: url.path }),
    ...(url.username !== "" && { username: url.username }),
    ...(url.password !== "" && { password: url.password }),
    ...(family !== undefined && { family: Number(family) }),
    db: url.db,
    ...(url.isTls && { tls: tlsOptions(url) }),
  };
};

/**
 * Returns ioredis's options for a Redis URL. Reads the certificate files. Throws a SettingsError with a
 * message of one line.
 */
export const redisOptions = (url: string): RedisUrlOptions => {
  try {
    return readOptions(url);
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`Redis URL: ${error.message}`);
    throw error;
  }
};
