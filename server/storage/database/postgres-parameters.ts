/** A connection parameter of libpq that joblib supports. */
interface Parameter {
  /** The environment variable that libpq reads if the URL does not have the parameter. */
  readonly variable?: string;
  /** Returns the error of a value; undefined if it is valid. */
  readonly check?: (value: string) => string | undefined;
}

const createChoiceCheck =
  (...values: readonly string[]) =>
  (value: string): string | undefined =>
    values.includes(value) ? undefined : `must be ${values.join(" or ")}`;

const createIntegerCheck =
  (min: number, max: number) =>
  (value: string): string | undefined =>
    /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

/** Rejects `allow` and `prefer`: pg does not support their fallback to plain text, which would hide missing encryption. */
const checkSslMode = (value: string): string | undefined => {
  if (SSL_MODES.includes(value)) return undefined;
  if (value === "allow" || value === "prefer") {
    return "is not supported, because it may connect without encryption; use verify-full or require to encrypt, or disable to connect in plain text";
  }
  if (value === "no-verify")
    return "is not a value of libpq; use require, which does not check the certificate";
  return `must be ${SSL_MODES.join(", ")}`;
};

const checkSingleHost = (value: string): string | undefined =>
  value.includes(",")
    ? "names several hosts, but joblib connects to only one: use a proxy in front of them"
    : undefined;

/**
 * libpq's connection parameters (PostgreSQL manual 34.1.2) that pg can support, in the order in which messages list them.
 * All other parameters are rejected.
 */
const PARAMETERS = {
  sslmode: { variable: "PGSSLMODE", check: checkSslMode },
  sslrootcert: { variable: "PGSSLROOTCERT" },
  sslcert: { variable: "PGSSLCERT" },
  sslkey: { variable: "PGSSLKEY" },
  sslpassword: {},
  sslnegotiation: { variable: "PGSSLNEGOTIATION", check: createChoiceCheck("postgres", "direct") },
  ssl_min_protocol_version: {
    variable: "PGSSLMINPROTOCOLVERSION",
    check: createChoiceCheck("TLSv1.2", "TLSv1.3"),
  },
  ssl_max_protocol_version: {
    variable: "PGSSLMAXPROTOCOLVERSION",
    check: createChoiceCheck("TLSv1.2", "TLSv1.3"),
  },
  /** `ssl=true` is JDBC's form of sslmode=require. libpq accepts it in URLs. */
  ssl: { check: createChoiceCheck("true") },
  channel_binding: { variable: "PGCHANNELBINDING", check: createChoiceCheck("disable", "prefer", "require") },
  /** pg does not support GSS encryption, so only values that do not require it are valid. */
  gssencmode: { variable: "PGGSSENCMODE", check: createChoiceCheck("disable", "prefer") },
  host: { variable: "PGHOST", check: checkSingleHost },
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

export const POSTGRES_PARAMETERS: Readonly<Record<PostgresParameter, Parameter>> = PARAMETERS;

/** Environment variables of libpq that change the connection and that joblib does not support. */
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
