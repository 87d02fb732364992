import { isIP } from "node:net";
import type { RedisOptions } from "ioredis";
import { createTlsContext, type FileParameter } from "./pem-files.ts";
import { SettingsError } from "./settings-error.ts";

interface Parameter {
  readonly isTls?: true;
  readonly pattern?: RegExp;
  /** The error message for a value that does not match `pattern`. */
  readonly rule?: string;
}

/**
 * The query parameters of a Redis URL. They have the names of redis-py, because there is no
 * standard.
 */
const PARAMETERS = {
  db: { pattern: /^\d{1,9}$/, rule: "must be the number of a database" },
  family: { pattern: /^[46]$/, rule: "must be 4 or 6" },
  ssl_ca_certs: { isTls: true },
  ssl_certfile: { isTls: true },
  ssl_keyfile: { isTls: true },
  ssl_password: { isTls: true },
  ssl_cert_reqs: { isTls: true, pattern: /^(required|none)$/, rule: "must be required or none" },
} as const satisfies Readonly<Record<string, Parameter>>;
type ParameterName = keyof typeof PARAMETERS;
type Parameters = ReadonlyMap<ParameterName, string>;

type RedisUrlOptions = Pick<
  RedisOptions,
  "host" | "port" | "path" | "username" | "password" | "family" | "db" | "tls"
>;

const URL_ADVICE =
  "must be a URL like redis://host:6379, rediss://host:6379 (TLS) or unix:///path/to/socket; percent-encode special characters of the password";
const PROTOCOLS = ["redis:", "rediss:", "unix:", "redis+unix:"];

/**
 * Converts a Redis URL to options of ioredis. Reads the certificate files. Throws a
 * `SettingsError`.
 */
export function redisOptions(text: string): RedisUrlOptions {
  try {
    const { isTls, host, parameters, options } = parseRedisUrl(text);
    return { ...options, ...(isTls && { tls: tlsOptions(host, parameters) }) };
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`Redis URL: ${error.message}`);
    throw error;
  }
}

/** Parses a Redis URL. Throws a `SettingsError` that names the unsupported part of the URL. */
export function parseRedisUrl(text: string) {
  // URLs of redis-py can have a user before an empty host. The WHATWG URL parser rejects such URLs.
  const whole = text.replace(/^((?:redis\+)?unix:\/\/[^/?]*@)\//, "$1localhost/");
  if (!URL.canParse(whole)) throw new SettingsError(URL_ADVICE);
  const url = new URL(whole);
  if (!PROTOCOLS.includes(url.protocol) || url.hash !== "") throw new SettingsError(URL_ADVICE);
  const isSocket = url.protocol === "unix:" || url.protocol === "redis+unix:";
  const isTls = url.protocol === "rediss:";
  const parameters = readParameters(url.searchParams, isTls);
  const path = decode(url.pathname, "path");
  const isSocketPath = ["", "localhost"].includes(url.hostname) && path.length > 1;
  if (isSocket ? !isSocketPath : url.hostname === "") throw new SettingsError(URL_ADVICE);
  const index = isSocket ? "" : path.replace(/^\//, "");
  if (index !== "" && parameters.has("db")) {
    throw new SettingsError("the database is given twice: in the path and as parameter db");
  }
  if (!/^\d{0,9}$/.test(index))
    throw new SettingsError("its path must be the number of a database, as in redis://host/1");
  const host = decode(url.hostname.replace(/^\[|\]$/g, ""), "host");
  const family = parameters.get("family");
  const options = {
    ...(isSocket ? { path } : { host, port: Number(url.port || 6379) }),
    ...(url.username !== "" && { username: decode(url.username, "user") }),
    ...(url.password !== "" && { password: decode(url.password, "password") }),
    ...(family !== undefined && { family: Number(family) }),
    db: Number(parameters.get("db") ?? index),
  };
  return { isTls, host, parameters, options };
}

function readParameters(query: URLSearchParams, isTls: boolean): Parameters {
  const given = new Map<ParameterName, string>();
  for (const [name, value] of query) {
    if (!isSupported(name)) {
      const names = Object.keys(PARAMETERS).join(", ");
      throw new SettingsError(`parameter ${name} is not supported; remove it. Supported: ${names}`);
    }
    if (given.has(name)) throw new SettingsError(`parameter ${name} is given twice`);
    const parameter: Parameter = PARAMETERS[name];
    const reject = (problem: string) => new SettingsError(`parameter ${name} ${problem}`);
    if (parameter.isTls && !isTls) throw reject("has no effect without TLS: use rediss://");
    if (value === "") throw reject("has no value");
    if (parameter.pattern?.test(value) === false) throw reject(`${parameter.rule}`);
    given.set(name, value);
  }
  return given;
}

const isSupported = (name: string): name is ParameterName => Object.hasOwn(PARAMETERS, name);

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingsError(`the ${what} has a % that begins no percent-encoding: write it as %25`);
  }
}

/**
 * Returns the TLS options. Sets `servername`, because without it ioredis does not send the host
 * name (SNI), and a Redis server with several certificates could respond with the wrong
 * certificate.
 */
function tlsOptions(host: string, parameters: Parameters): NonNullable<RedisOptions["tls"]> {
  const file = (source: ParameterName): FileParameter | undefined => {
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
}
