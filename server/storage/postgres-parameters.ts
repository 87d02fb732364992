/** One of libpq's connection parameters that joblib honours. */
interface Parameter {
  /** The environment variable that libpq reads if the URL does not name the parameter. */
  readonly variable?: string;
  /** Says what is wrong with a value; undefined if it can be used. */
  readonly check?: (value: string) => string | undefined;
}

const oneOf =
  (...values: readonly string[]) =>
  (value: string): string | undefined =>
    values.includes(value) ? undefined : `must be ${values.join(" or ")}`;

const integer =
  (min: number, max: number) =>
  (value: string): string | undefined =>
    /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

/** `allow` and `prefer` fall back to plain text, which pg does not do and which would hide a lost encryption. */
const sslMode = (value: string): string | undefined => {
  if (SSL_MODES.includes(value)) return undefined;
  if (value === "allow" || value === "prefer") {
    return "is not supported, because it may connect without encryption; use verify-full or require to encrypt, disable to connect in plain text";
  }
  if (value === "no-verify")
    return "is not one of libpq's; use require, which does not check the certificate";
  return `must be ${SSL_MODES.join(", ")}`;
};

const oneHost = (value: string): string | undefined =>
  value.includes(",")
    ? "names several hosts, and joblib connects to one: put a proxy in front of them"
    : undefined;

/**
 * libpq's connection parameters (PostgreSQL manual 34.1.2) that can be honoured with pg, in the order in which messages
 * list them. A parameter that is not here is rejected by name.
 */
const PARAMETERS = {
  sslmode: { variable: "PGSSLMODE", check: sslMode },
  sslrootcert: { variable: "PGSSLROOTCERT" },
  sslcert: { variable: "PGSSLCERT" },
  sslkey: { variable: "PGSSLKEY" },
  sslpassword: {},
  sslnegotiation: { variable: "PGSSLNEGOTIATION", check: oneOf("postgres", "direct") },
  ssl_min_protocol_version: { variable: "PGSSLMINPROTOCOLVERSION", check: oneOf("TLSv1.2", "TLSv1.3") },
  ssl_max_protocol_version: { variable: "PGSSLMAXPROTOCOLVERSION", check: oneOf("TLSv1.2", "TLSv1.3") },
  /** JDBC's spelling of sslmode=require, which libpq accepts in URLs. */
  ssl: { check: oneOf("true") },
  channel_binding: { variable: "PGCHANNELBINDING", check: oneOf("disable", "prefer", "require") },
  /** pg has no GSS encryption: what asks for none, or for none necessarily, is honoured by that. */
  gssencmode: { variable: "PGGSSENCMODE", check: oneOf("disable", "prefer") },
  host: { variable: "PGHOST", check: oneHost },
  port: { variable: "PGPORT", check: integer(1, 65_535) },
  user: { variable: "PGUSER" },
  password: { variable: "PGPASSWORD" },
  dbname: { variable: "PGDATABASE" },
  application_name: { variable: "PGAPPNAME" },
  fallback_application_name: {},
  options: { variable: "PGOPTIONS" },
  client_encoding: {
    check: (value) =>
      /^utf-?8$/i.test(value) ? undefined : "must be UTF8: joblib reads and writes nothing else",
  },
  connect_timeout: { variable: "PGCONNECT_TIMEOUT", check: integer(1, 3600) },
  keepalives: { check: oneOf("0", "1") },
  keepalives_idle: { check: integer(0, 86_400) },
} satisfies Readonly<Record<string, Parameter>>;

/** The name of a parameter that joblib honours. */
export type PostgresParameter = keyof typeof PARAMETERS;

/** The parameters that joblib honours. */
export const POSTGRES_PARAMETERS: Readonly<Record<PostgresParameter, Parameter>> = PARAMETERS;

/** libpq's variables that would change where or how it connects, and that joblib cannot follow. */
export const UNSUPPORTED_VARIABLES = [
  "PGHOSTADDR",
  "PGSERVICE",
  "PGTARGETSESSIONATTRS",
  "PGLOADBALANCEHOSTS",
  "PGREQUIRESSL",
  "PGREQUIREAUTH",
  "PGREQUIREPEER",
  "PGSSLCRL",
  "PGSSLCRLDIR",
  "PGSSLCERTMODE",
] as const;
