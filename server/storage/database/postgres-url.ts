import { SettingsError } from "../../settings/settings-error.ts";

interface Parameter {
  /** The environment variable that libpq reads if the URL does not have the parameter. */
  readonly variable?: string;
  readonly check?: Check;
}

/** Returns why a value is invalid; undefined if it is valid. */
type Check = (value: string) => string | undefined;

const createChoiceCheck =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value) ? undefined : `must be ${values.join(" or ")}`;

const createIntegerCheck =
  (min: number, max: number): Check =>
  (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

/**
 * Rejects `allow` and `prefer`. With these modes, libpq may fall back to an unencrypted connection
 * without telling the user. pg does not support this fallback.
 */
function checkSslMode(value: string): string | undefined {
  if (SSL_MODES.includes(value)) return undefined;
  if (value === "allow" || value === "prefer") {
    return "is not supported, because it may connect without encryption; use verify-full or require to encrypt, or disable to connect in plain text";
  }
  if (value === "no-verify")
    return "is not a value of libpq; use require, which does not check the certificate";
  return `must be ${SSL_MODES.join(", ")}`;
}

const SEVERAL_HOSTS = "names several hosts, but joblib connects to only one: use a proxy in front of them";
const checkTlsVersion = createChoiceCheck("TLSv1.2", "TLSv1.3");

/**
 * libpq's connection parameters (PostgreSQL manual 34.1.2) that pg can support, in the order in
 * which an error message lists them.
 */
const PARAMETERS = {
  sslmode: { variable: "PGSSLMODE", check: checkSslMode },
  sslrootcert: { variable: "PGSSLROOTCERT" },
  sslcert: { variable: "PGSSLCERT" },
  sslkey: { variable: "PGSSLKEY" },
  sslpassword: {},
  sslnegotiation: { variable: "PGSSLNEGOTIATION", check: createChoiceCheck("postgres", "direct") },
  ssl_min_protocol_version: { variable: "PGSSLMINPROTOCOLVERSION", check: checkTlsVersion },
  ssl_max_protocol_version: { variable: "PGSSLMAXPROTOCOLVERSION", check: checkTlsVersion },
  /** `ssl=true` is JDBC's form of sslmode=require. libpq accepts it in URLs. */
  ssl: { check: createChoiceCheck("true") },
  channel_binding: { variable: "PGCHANNELBINDING", check: createChoiceCheck("disable", "prefer", "require") },
  /** pg does not support GSS encryption, so only values that do not require it are valid. */
  gssencmode: { variable: "PGGSSENCMODE", check: createChoiceCheck("disable", "prefer") },
  host: { variable: "PGHOST", check: (value) => (value.includes(",") ? SEVERAL_HOSTS : undefined) },
  port: { variable: "PGPORT", check: createIntegerCheck(1, 65_535) },
  user: { variable: "PGUSER" },
  password: { variable: "PGPASSWORD" },
  dbname: { variable: "PGDATABASE" },
  application_name: { variable: "PGAPPNAME" },
  fallback_application_name: {},
  options: { variable: "PGOPTIONS" },
  client_encoding: {
    check: (value) =>
      /^utf-?8$/i.test(value) ? undefined : "must be UTF8, the only encoding that joblib supports",
  },
  connect_timeout: { variable: "PGCONNECT_TIMEOUT", check: createIntegerCheck(1, 3600) },
  keepalives: { check: createChoiceCheck("0", "1") },
  keepalives_idle: { check: createIntegerCheck(0, 86_400) },
} satisfies Readonly<Record<string, Parameter>>;

export type PostgresParameter = keyof typeof PARAMETERS;

const isSupported = (name: string): name is PostgresParameter => Object.hasOwn(PARAMETERS, name);
const getParameter = (name: PostgresParameter): Parameter => PARAMETERS[name];

const PARAMETER_HINTS: Readonly<Record<string, string>> = {
  schema: "joblib's tables are always in the schema joblib",
  target_session_attrs: "joblib connects to one server, which must accept writes",
  load_balance_hosts: "joblib connects to one server",
  hostaddr: "give the address as the host",
  sslcrl: "certificate revocation lists are not read",
  sslcrldir: "certificate revocation lists are not read",
};

const UNSUPPORTED_VARIABLES = [
  ...["PGHOSTADDR", "PGSERVICE", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGREQUIRESSL"],
  ...["PGREQUIREAUTH", "PGREQUIREPEER", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE"],
];

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The value of a parameter. `source` is the environment variable that set the value, or the name of
 * the parameter in the URL.
 */
type ParameterValue = Readonly<Record<"value" | "source", string>>;
export type ParameterValues = ReadonlyMap<PostgresParameter, ParameterValue>;

export function readParameters(url: string, env: Environment): ParameterValues {
  const parameters = new Map<PostgresParameter, ParameterValue>();
  for (const [name, value] of parsePostgresUrl(url)) parameters.set(name, { value, source: name });
  for (const name of Object.keys(PARAMETERS).filter(isSupported)) {
    const { variable = "", check } = getParameter(name);
    const value = env[variable] ?? "";
    if (value === "" || parameters.has(name)) continue;
    const fault = check?.(value);
    if (fault !== undefined) throw new SettingsError(`${variable}=${value} ${fault}`);
    parameters.set(name, { value, source: variable });
  }
  const unsupported = UNSUPPORTED_VARIABLES.find((name) => (env[name] ?? "") !== "");
  if (unsupported === undefined) return parameters;
  throw new SettingsError(`the environment variable ${unsupported} is not supported: unset it for joblib`);
}

/**
 * libpq's URI syntax (PostgreSQL manual 34.1.1.2). Unlike in a WHATWG URL, the host may be empty
 * after a user, `#` is an ordinary character, and `+` does not mean a space.
 */
const URL_SYNTAX =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^/?:]*)(?::(?<password>[^/?]*))?@)?(?<host>[^/?]*)(?:\/(?<dbname>[^?]*))?(?:\?(?<query>.*))?$/;
const HOST_SYNTAX = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/;

const ENCODING_ADVICE =
  "percent-encode special characters in user and password: / is %2F, ? is %3F, @ is %40, % is %25";

/**
 * Parses a PostgreSQL URL. This function replaces pg's own parser, which ignores unknown parameters
 * and rejects some valid URLs.
 */
export function parsePostgresUrl(url: string): ReadonlyMap<PostgresParameter, string> {
  const parts = URL_SYNTAX.exec(url)?.groups;
  if (parts === undefined) throw new SettingsError("must be a URL like postgres://user@host/name");
  const { user = "", password = "", host: authority = "", dbname = "", query = "" } = parts;
  if (authority.includes(",")) throw new SettingsError(`it ${SEVERAL_HOSTS}`);
  const address = HOST_SYNTAX.exec(authority)?.groups;
  if (address === undefined) throw new SettingsError(`its host and port cannot be read; ${ENCODING_ADVICE}`);
  const { ipv6, name: hostName = "", port = "" } = address;
  const values = new Map<PostgresParameter, string>([
    ["user", decode(user, "user")],
    ["password", decode(password, "password")],
    ["host", ipv6 ?? decode(hostName, "host")],
    ["port", port],
    ["dbname", decode(dbname, "database name")],
    ...parseQuery(query),
  ]);
  for (const [name, value] of values) {
    const fault = value === "" ? undefined : getParameter(name).check?.(value);
    if (value === "") values.delete(name);
    // An invalid port may be the part of a password before an unencoded "/" or "?", so the message
    // does not contain its value.
    if (fault !== undefined && name === "port") throw new SettingsError(`port: ${fault}; ${ENCODING_ADVICE}`);
    if (fault !== undefined) throw new SettingsError(`${name}=${value}: ${fault}`);
  }
  return values;
}

function parseQuery(query: string): ReadonlyMap<PostgresParameter, string> {
  const values = new Map<PostgresParameter, string>();
  for (const part of query.split("&").filter((text) => text !== "")) {
    const [rawName = "", ...rest] = part.split("=");
    const name = decode(rawName, "name of a parameter");
    const value = rest.join("=");
    if (!isSupported(name)) {
      const hint = PARAMETER_HINTS[name] === undefined ? "" : ` (${PARAMETER_HINTS[name]})`;
      const supported = Object.keys(PARAMETERS).join(", ");
      throw new SettingsError(
        `parameter ${name} is not supported${hint}; remove it. Supported: ${supported}`,
      );
    }
    if (value === "") throw new SettingsError(`parameter ${name} has no value: write ${name}=… or remove it`);
    if (values.has(name)) throw new SettingsError(`parameter ${name} is given twice`);
    values.set(name, decode(value, `value of ${name}`));
  }
  return values;
}

/**
 * Decodes percent-encoding. Error messages do not contain the text, because it may be a password.
 */
function decode(text: string, partName: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingsError(
      `the ${partName} has a % that is not part of a percent-encoding: write it as %25`,
    );
  }
}
