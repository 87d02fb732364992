import type { Health } from "../../protocol/health.ts";
import { ConnectionError, ProtocolError } from "../../sdk/errors.ts";
import { formatDuration } from "../views/duration.ts";
import {
  type CheckResult,
  getMessage,
  type Probe,
  reportFailure,
  reportOk,
  reportWarning,
} from "./check-result.ts";
import { describeConnection } from "./connection-check.ts";

/** The finding about the server, and what its first answer revealed. */
export interface ServerCheck {
  readonly finding: CheckResult;
  /** Undefined if the server did not answer. */
  readonly answer: { readonly milliseconds: number; readonly date: string | undefined } | undefined;
}

const NOT_REACHED =
  "check the URL (--url or JOBLIB_URL), that `joblib serve` runs there, and that no firewall blocks the port";
const NOT_JOBLIB =
  "another program answers at this URL: if an embedding app serves joblib under a prefix, add the prefix";

/** Checks that a joblib server answers, with an operation that needs no token. */
export const checkServer = async ({ client, signal }: Probe): Promise<ServerCheck> => {
  const began = performance.now();
  try {
    const { headers } = await client.call("listProblems", {}, { signal, retry: false, timeoutSeconds: 10 });
    const milliseconds = performance.now() - began;
    const detail = `${client.url} answered in ${formatDuration(milliseconds)}`;
    return { finding: reportOk("server", detail), answer: { milliseconds, date: headers["date"] } };
  } catch (error) {
    signal.throwIfAborted();
    const advice = error instanceof ConnectionError ? NOT_REACHED : NOT_JOBLIB;
    if (!(error instanceof ConnectionError || error instanceof ProtocolError || error instanceof Error))
      throw error;
    return { finding: reportFailure("server", getMessage(error), advice), answer: undefined };
  }
};

const minorVersion = (version: string) => version.split(".").slice(0, 2).join(".");

/** Checks that the server and this command have the same minor version. */
export const checkVersion = ({ version }: Probe, server: string | undefined): CheckResult => {
  if (server === undefined) {
    return reportWarning(
      "version",
      `command ${version}, server unknown`,
      "the server reports it to a valid token",
    );
  }
  const detail = `server ${server}, command ${version}`;
  if (minorVersion(server) === minorVersion(version)) return reportOk("version", detail);
  return reportWarning(
    "version",
    detail,
    `use the command of that version: npx joblib@${minorVersion(server)}`,
  );
};

/** A Date header has whole seconds. */
const HEADER_ERROR_MS = 1000;
const MAX_SKEW_MS = 5000;

/** Measures how far this machine's clock is ahead of the server's, in milliseconds, and how far off that may be. */
export const measureClockSkew = (
  health: { readonly time: string; readonly milliseconds: number } | undefined,
  answer: ServerCheck["answer"],
  now: number,
): { readonly skew: number; readonly error: number } | undefined => {
  if (health !== undefined) {
    const half = health.milliseconds / 2;
    return { skew: now - half - Date.parse(health.time), error: half };
  }
  const at = Date.parse(answer?.date ?? "");
  if (answer === undefined || Number.isNaN(at)) return undefined;
  const half = answer.milliseconds / 2;
  return { skew: now - half - (at + HEADER_ERROR_MS / 2), error: half + HEADER_ERROR_MS / 2 };
};

/** Checks that the two clocks agree. */
export const checkClock = (measured: ReturnType<typeof measureClockSkew>): CheckResult => {
  if (measured === undefined) {
    return reportWarning("clock", "the server sent no time", "a proxy may remove the Date header");
  }
  const { skew, error } = measured;
  const off = Math.max(0, Math.abs(skew) - error);
  const detail = `this machine is ${formatDuration(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} the server`;
  if (off <= MAX_SKEW_MS) return reportOk("clock", off < 1000 ? "in sync with the server" : detail);
  return reportWarning(
    "clock",
    detail,
    "synchronize it with NTP: tokens seem to expire early or late, and times in logs do not match",
  );
};

/** Checks that the server's database is up and migrated, and whether the connection to it is encrypted. */
export const checkDatabase = ({ database }: Health, kind: string | undefined): CheckResult => {
  const check = "database";
  const name = kind === undefined ? "" : `${kind}: `;
  if (database.state === "down") {
    return reportFailure(
      check,
      `${name}the server cannot reach it`,
      "see the server's log for the reason; no task is lost meanwhile",
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
      "add sslmode=verify-full to the server's JOBLIB_DATABASE_URL",
    );
  }
  return reportOk(check, `${detail}, no pending migrations`);
};

/** Checks that events reach other servers, and whether the connection to Redis is encrypted. */
export const checkBus = ({ bus }: Health): CheckResult => {
  const check = "bus";
  const detail =
    bus.kind === "redis"
      ? `redis${describeConnection(bus.connection)}`
      : "in-process: enough if only one server uses the database";
  if (bus.state === "down") {
    return reportWarning(
      check,
      `${detail}, down`,
      "see the server's log for the reason; until Redis is back, waiting requests poll the database every second",
    );
  }
  if (bus.kind === "redis" && bus.connection === "plain") {
    return reportWarning(check, detail, "use rediss:// in the server's JOBLIB_REDIS_URL");
  }
  return reportOk(check, detail);
};
