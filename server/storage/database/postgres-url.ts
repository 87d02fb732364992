import { SettingsError } from "../../settings-error.ts";
import { POSTGRES_PARAMETERS, type PostgresParameter } from "./postgres-parameters.ts";

/** The parameters in a PostgreSQL URL, by libpq's names. */
export type PostgresUrl = ReadonlyMap<PostgresParameter, string>;

/**
 * libpq's URI syntax (PostgreSQL manual 34.1.1.2). It differs from the WHATWG's: the host may be empty after a user, `#` is
 * an ordinary character, and `+` does not mean a space.
 */
const SYNTAX =
  /^postgres(?:ql)?:\/\/(?:(?<userinfo>[^/?]*)@)?(?<host>[^/?]*)(?:\/(?<dbname>[^?]*))?(?:\?(?<query>.*))?$/;
const HOST = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/;

const URL_EXPECTED = "must be a URL like postgres://user@host/name";
const ENCODING_ADVICE =
  "percent-encode special characters in user and password: / is %2F, ? is %3F, @ is %40, % is %25";

/** Decodes percent-encoding. Error messages do not contain the text, because it may be a password. */
const decode = (text: string, partName: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingsError(
      `the ${partName} has a % that is not part of a percent-encoding: write it as %25`,
    );
  }
};

const isSupported = (name: string): name is PostgresParameter => Object.hasOwn(POSTGRES_PARAMETERS, name);

/** Hints for parameters of libpq or other drivers that joblib does not support. */
const HINTS: Readonly<Record<string, string>> = {
  schema: "joblib's tables are always in the schema joblib",
  target_session_attrs: "joblib connects to one server, which must accept writes",
  load_balance_hosts: "joblib connects to one server",
  hostaddr: "give the address as the host",
  sslcrl: "certificate revocation lists are not read",
  sslcrldir: "certificate revocation lists are not read",
};

const toParameterName = (name: string): PostgresParameter => {
  if (isSupported(name)) return name;
  const hint = HINTS[name] === undefined ? "" : ` (${HINTS[name]})`;
  throw new SettingsError(
    `parameter ${name} is not supported${hint}; remove it. Supported: ${Object.keys(POSTGRES_PARAMETERS).join(", ")}`,
  );
};

const readQuery = (query: string): Map<PostgresParameter, string> => {
  const values = new Map<PostgresParameter, string>();
  for (const part of query.split("&").filter((text) => text !== "")) {
    const end = part.indexOf("=");
    const name = toParameterName(decode(end < 0 ? part : part.slice(0, end), "name of a parameter"));
    if (end < 0 || end === part.length - 1) {
      throw new SettingsError(`parameter ${name} has no value: write ${name}=… or remove it`);
    }
    if (values.has(name)) throw new SettingsError(`parameter ${name} is given twice`);
    values.set(name, decode(part.slice(end + 1), `value of ${name}`));
  }
  return values;
};

const readHost = (text: string): { readonly host: string; readonly port: string } => {
  if (text.includes(",")) {
    throw new SettingsError(
      "it names several hosts, but joblib connects to only one: use a proxy in front of them",
    );
  }
  const { ipv6, name = "", port = "" } = HOST.exec(text)?.groups ?? {};
  if (HOST.exec(text) === null)
    throw new SettingsError(`its host and port cannot be read; ${ENCODING_ADVICE}`);
  return { host: ipv6 ?? decode(name, "host"), port };
};

/**
 * Parses a PostgreSQL URL. Throws a SettingsError for anything that is not supported, instead of ignoring it.
 */
export const parsePostgresUrl = (url: string): PostgresUrl => {
  const { userinfo = "", host: authority = "", dbname = "", query = "" } = SYNTAX.exec(url)?.groups ?? {};
  if (!SYNTAX.test(url)) throw new SettingsError(URL_EXPECTED);
  const { host, port } = readHost(authority);
  const [, user = "", password = ""] = /^([^:]*):?(.*)$/s.exec(userinfo) ?? [];
  const values = new Map<PostgresParameter, string>([
    ["user", decode(user, "user")],
    ["password", decode(password, "password")],
    ["host", host],
    ["port", port],
    ["dbname", decode(dbname, "database name")],
  ]);
  for (const [name, value] of readQuery(query)) values.set(name, value);
  for (const [name, value] of values) {
    if (value === "") {
      values.delete(name);
      continue;
    }
    const fault = POSTGRES_PARAMETERS[name].check?.(value);
    // If the port is not a number, it may be the rest of a password that contains a "/".
    if (fault !== undefined && name === "port") throw new SettingsError(`port: ${fault}; ${ENCODING_ADVICE}`);
    if (fault !== undefined) throw new SettingsError(`${name}=${value}: ${fault}`);
  }
  return values;
};
