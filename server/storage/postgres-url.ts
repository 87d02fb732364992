import { SettingsError } from "../settings-error.ts";
import { POSTGRES_PARAMETERS, type PostgresParameter } from "./postgres-parameters.ts";

/** The values that a PostgreSQL URL names, by libpq's names of the parameters. */
export type PostgresUrl = ReadonlyMap<PostgresParameter, string>;

/**
 * libpq's URI syntax (PostgreSQL manual 34.1.1.2), which is not WHATWG's: the host may be empty behind a user, `#` is an
 * ordinary character and `+` is no space.
 */
const SYNTAX =
  /^postgres(?:ql)?:\/\/(?:(?<userinfo>[^/?]*)@)?(?<host>[^/?]*)(?:\/(?<dbname>[^?]*))?(?:\?(?<query>.*))?$/;
const HOST = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/;

const LIKE = "must be a URL like postgres://user@host/name";
const ENCODE =
  "percent-encode special characters of user and password: / is %2F, ? is %3F, @ is %40, % is %25";

/** Never quotes the text: it may be a password. */
const decode = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingsError(`the ${what} has a % that begins no percent-encoding: write it as %25`);
  }
};

const isSupported = (name: string): name is PostgresParameter => Object.hasOwn(POSTGRES_PARAMETERS, name);

/** What people may have meant by a parameter that libpq or another driver has and joblib has not. */
const HINTS: Readonly<Record<string, string>> = {
  schema: "joblib's tables are always in the schema joblib",
  target_session_attrs: "joblib connects to one server, which must accept writes",
  load_balance_hosts: "joblib connects to one server",
  hostaddr: "give the address as the host",
  sslcrl: "certificate revocation lists are not read",
  sslcrldir: "certificate revocation lists are not read",
};

const checkName = (name: string): PostgresParameter => {
  if (isSupported(name)) return name;
  const hint = HINTS[name] === undefined ? "" : ` (${HINTS[name]})`;
  throw new SettingsError(
    `parameter ${name} is not supported${hint}; remove it. Supported: ${Object.keys(POSTGRES_PARAMETERS).join(", ")}`,
  );
};

const readQuery = (query: string): Map<PostgresParameter, string> => {
  const given = new Map<PostgresParameter, string>();
  for (const part of query.split("&").filter((one) => one !== "")) {
    const end = part.indexOf("=");
    const name = checkName(decode(end < 0 ? part : part.slice(0, end), "name of a parameter"));
    if (end < 0 || end === part.length - 1) {
      throw new SettingsError(`parameter ${name} has no value: write ${name}=… or remove it`);
    }
    if (given.has(name)) throw new SettingsError(`parameter ${name} is given twice`);
    given.set(name, decode(part.slice(end + 1), `value of ${name}`));
  }
  return given;
};

const readHost = (text: string): { readonly host: string; readonly port: string } => {
  if (text.includes(",")) {
    throw new SettingsError(
      "it names several hosts, and joblib connects to one: put a proxy in front of them",
    );
  }
  const { ipv6, name = "", port = "" } = HOST.exec(text)?.groups ?? {};
  if (HOST.exec(text) === null) throw new SettingsError(`its host and port cannot be read; ${ENCODE}`);
  return { host: ipv6 ?? decode(name, "host"), port };
};

/** Reads a PostgreSQL URL. Throws a SettingsError that names what cannot be honoured; nothing is ignored. */
export const parsePostgresUrl = (url: string): PostgresUrl => {
  const { userinfo = "", host: authority = "", dbname = "", query = "" } = SYNTAX.exec(url)?.groups ?? {};
  if (!SYNTAX.test(url)) throw new SettingsError(LIKE);
  const { host, port } = readHost(authority);
  const [, user = "", password = ""] = /^([^:]*):?(.*)$/s.exec(userinfo) ?? [];
  const given = new Map<PostgresParameter, string>([
    ["user", decode(user, "user")],
    ["password", decode(password, "password")],
    ["host", host],
    ["port", port],
    ["dbname", decode(dbname, "database name")],
  ]);
  for (const [name, value] of readQuery(query)) given.set(name, value);
  for (const [name, value] of given) {
    if (value === "") {
      given.delete(name);
      continue;
    }
    const wrong = POSTGRES_PARAMETERS[name].check?.(value);
    // A port that is no number may be the rest of a password that has a "/" in it.
    if (wrong !== undefined && name === "port") throw new SettingsError(`port: ${wrong}; ${ENCODE}`);
    if (wrong !== undefined) throw new SettingsError(`${name}=${value}: ${wrong}`);
  }
  return given;
};
