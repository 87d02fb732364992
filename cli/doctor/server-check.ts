import { type ConnectionSecurity, type Health, isLoopback } from "../../protocol/health.ts";
import { formatDuration } from "../../protocol/time.ts";
import { ConnectionError, ProtocolError } from "../../sdk/errors.ts";
import { getMessage } from "../io/errors.ts";
import {
  type CheckContext,
  type CheckResult,
  reportFailure,
  reportOk,
  reportWarning,
} from "./check-result.ts";

/** The result of the server check, and data from the first response. */
export interface ServerCheck {
  readonly result: CheckResult;
  /** Undefined if the server did not respond. */
  readonly response: { readonly milliseconds: number; readonly date: string | undefined } | undefined;
}

const UNREACHABLE_ADVICE =
  "check the URL (--url or JOBLIB_URL), that the server is running, and that no firewall blocks the port";
const NOT_JOBLIB_ADVICE =
  "this URL is not a joblib API; if an app embeds joblib under a prefix, add the prefix to the URL";

/** Checks that a joblib server responds. Uses an operation that needs no token. */
export async function checkServer({ client, signal }: CheckContext): Promise<ServerCheck> {
  const startedAt = performance.now();
  try {
    const { headers } = await client.call("listProblems", {}, { signal, retry: false, timeoutSeconds: 10 });
    const milliseconds = performance.now() - startedAt;
    const detail = `${client.url} answered in ${formatDuration(milliseconds)}`;
    return { result: reportOk("server", detail), response: { milliseconds, date: headers["date"] } };
  } catch (error) {
    signal.throwIfAborted();
    const advice = error instanceof ConnectionError ? UNREACHABLE_ADVICE : NOT_JOBLIB_ADVICE;
    if (!(error instanceof ConnectionError || error instanceof ProtocolError || error instanceof Error))
      throw error;
    return { result: reportFailure("server", getMessage(error), advice), response: undefined };
  }
}

const getMinorVersion = (version: string) => version.split(".").slice(0, 2).join(".");

/** Checks that the server and this command have the same minor version. */
export function checkVersion({ version }: CheckContext, server: string | undefined): CheckResult {
  if (server === undefined) {
    return reportWarning(
      "version",
      `CLI ${version}, server unknown`,
      "the server reports its version only to requests with a valid token",
    );
  }
  const detail = `server ${server}, CLI ${version}`;
  if (getMinorVersion(server) === getMinorVersion(version)) return reportOk("version", detail);
  return reportWarning(
    "version",
    detail,
    `use the same version as the server: npx joblib@${getMinorVersion(server)}`,
  );
}

/** Resolution of the Date header, in milliseconds. */
const HEADER_ERROR_MS = 1000;
const MAX_SKEW_MS = 5000;

/**
 * Measures how far this machine's clock is ahead of the server's clock, and the maximum error of
 * the measurement. Both are in milliseconds.
 */
export function measureClockSkew(
  health: { readonly time: string; readonly milliseconds: number } | undefined,
  response: ServerCheck["response"],
  now: number,
): { readonly skew: number; readonly error: number } | undefined {
  if (health !== undefined) {
    const half = health.milliseconds / 2;
    return { skew: now - half - Date.parse(health.time), error: half };
  }
  const serverTime = Date.parse(response?.date ?? "");
  if (response === undefined || Number.isNaN(serverTime)) return undefined;
  const half = response.milliseconds / 2;
  return { skew: now - half - (serverTime + HEADER_ERROR_MS / 2), error: half + HEADER_ERROR_MS / 2 };
}

/** Checks that the clocks of this machine and the server agree. */
export function checkClock(measured: ReturnType<typeof measureClockSkew>): CheckResult {
  if (measured === undefined) {
    return reportWarning(
      "clock",
      "the response has no Date header",
      "configure the proxy to keep the Date header",
    );
  }
  const { skew, error } = measured;
  const minSkew = Math.max(0, Math.abs(skew) - error);
  const detail = `this machine is ${formatDuration(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} the server`;
  if (minSkew <= MAX_SKEW_MS) return reportOk("clock", minSkew < 1000 ? "in sync with the server" : detail);
  return reportWarning(
    "clock",
    detail,
    "synchronize both clocks with NTP; otherwise tokens expire too early or too late, and log times do not match",
  );
}

const DESCRIPTIONS: Record<ConnectionSecurity, string> = {
  tls: "encrypted (TLS, certificate verified)",
  "tls-unverified": "encrypted (TLS, certificate not verified)",
  plain: "not encrypted",
  local: "local connection",
};

/**
 * Describes whether a connection of the server is encrypted. Returns an empty text if the server
 * does not report it.
 */
export function describeConnection(connection: ConnectionSecurity | null | undefined): string {
  return connection === null || connection === undefined ? "" : `, ${DESCRIPTIONS[connection]}`;
}

/** Checks whether requests from this machine to the server are encrypted. */
export function checkEncryption({ client, token }: CheckContext): CheckResult {
  const check = "encryption";
  const { protocol, hostname } = new URL(client.url);
  if (protocol === "https:") return reportOk(check, "requests are encrypted (HTTPS)");
  if (isLoopback(hostname)) return reportOk(check, "not needed: requests do not leave this machine");
  return reportWarning(
    check,
    `${token === undefined ? "payloads and results" : "the token, payloads and results"} are sent to ${hostname} unencrypted`,
    "put a reverse proxy with TLS in front of the server, and use its https:// URL",
  );
}

/**
 * Checks that the server's database is reachable and migrated, and that the connection to it is
 * encrypted.
 */
export function checkDatabase({ database }: Health, kind: string | undefined): CheckResult {
  const check = "database";
  const name = kind === undefined ? "" : `${kind}: `;
  if (database.state === "down") {
    return reportFailure(
      check,
      `${name}the server cannot connect to it`,
      "check the server's log for the reason; no task is lost in the meantime",
    );
  }
  const pending = database.pending_migrations ?? [];
  const detail = `${name}round trip ${database.milliseconds ?? 0} ms${describeConnection(database.connection)}`;
  if (pending.length > 0) {
    return reportFailure(
      check,
      `${detail}, pending migrations: ${pending.join(", ")}`,
      "run `joblib migrate`",
    );
  }
  if (database.connection === "plain") {
    return reportWarning(
      check,
      `${detail}, no pending migrations`,
      "add sslmode=verify-full to JOBLIB_DATABASE_URL on the server",
    );
  }
  return reportOk(check, `${detail}, no pending migrations`);
}

type Kind = NonNullable<Health["database"]["findings"]>[number];

/**
 * Detail and advice for each kind of problem. They do not name database objects or statements,
 * because not every user may see these. The server's log contains them.
 */
const TEXTS: Readonly<Record<Kind, readonly [detail: string, advice: string]>> = {
  unsupported: ["the database is not supported", "use PostgreSQL with a supported version and encoding UTF8"],
  privileges: [
    "the database role of the server lacks privileges",
    "grant them as in docs/operating.md, 'Database roles'",
  ],
  "read-only": ["the database is read-only", "connect the server to the primary"],
};

/** Returns a failed check for each reason why the server cannot use its database. */
export function checkFitness({ database }: Health): readonly CheckResult[] {
  return (database.findings ?? []).map((kind) => {
    const [detail, advice] = TEXTS[kind];
    return reportFailure("database", detail, `${advice}; the server's log has the details`);
  });
}

/** Checks that events reach other servers, and that the connection to Redis is encrypted. */
export function checkBus({ bus }: Health): CheckResult {
  const check = "event bus";
  const detail =
    bus.kind === "redis"
      ? `redis${describeConnection(bus.connection)}`
      : "in-process; sufficient if only one server uses the database";
  if (bus.state === "down") {
    return reportWarning(
      check,
      `${detail}, not reachable`,
      "check the server's log for the reason; until Redis is reachable, long polls query the database every second",
    );
  }
  if (bus.kind === "redis" && bus.connection === "plain") {
    return reportWarning(check, detail, "use rediss:// in JOBLIB_REDIS_URL on the server");
  }
  return reportOk(check, detail);
}
