import type { Health } from "../../protocol/health.ts";
import { ConnectionError, ProtocolError } from "../../sdk/errors.ts";
import { duration } from "../views/duration.ts";
import { type Finding, failed, fine, type Probe, warning, wordsOf } from "./finding.ts";

/** What the server's first answer told. */
export interface FirstAnswer {
  readonly finding: Finding;
  /** Undefined where there was none. */
  readonly heard: { readonly milliseconds: number; readonly date: string | undefined } | undefined;
}

const ADVICE = {
  away: "is the address right (--url or JOBLIB_URL), does `joblib serve` run there, and does a firewall let you through?",
  other: "something else answers there: a path in the url is the prefix that the host mounted joblib under",
};

/** Whether a joblib server answers, by the one operation that asks for no credentials. */
export const checkServer = async ({ client, signal }: Probe): Promise<FirstAnswer> => {
  const began = performance.now();
  try {
    const { headers } = await client.call("listProblems", {}, { signal, retry: false, timeoutSeconds: 10 });
    const milliseconds = performance.now() - began;
    const detail = `${client.url} answers in ${duration(milliseconds)}`;
    return { finding: fine("server", detail), heard: { milliseconds, date: headers["date"] } };
  } catch (error) {
    signal.throwIfAborted();
    const advice = error instanceof ConnectionError ? ADVICE.away : ADVICE.other;
    if (!(error instanceof ConnectionError || error instanceof ProtocolError || error instanceof Error))
      throw error;
    return { finding: failed("server", wordsOf(error), advice), heard: undefined };
  }
};

const minor = (version: string) => version.split(".").slice(0, 2).join(".");

/** Whether server and command are of one make. */
export const checkVersion = ({ version }: Probe, server: string | undefined): Finding => {
  if (server === undefined) {
    return warning(
      "version",
      `this is ${version}; the server did not tell its own`,
      "with a valid token it does",
    );
  }
  if (minor(server) === minor(version)) return fine("version", `server ${server}, this command ${version}`);
  return warning(
    "version",
    `server ${server}, this command ${version}`,
    `npx joblib@${minor(server)} goes with that server`,
  );
};

/** A Date header tells whole seconds. */
const HEADER_ERROR_MS = 1000;
const MOST_SKEW_MS = 5000;

/** How far this machine's clock is from the server's, as exactly as the answers tell. */
export const clockSkew = (
  health: { readonly time: string; readonly milliseconds: number } | undefined,
  heard: FirstAnswer["heard"],
  now: number,
): { readonly skew: number; readonly error: number } | undefined => {
  if (health !== undefined) {
    const half = health.milliseconds / 2;
    return { skew: now - half - Date.parse(health.time), error: half };
  }
  const at = Date.parse(heard?.date ?? "");
  if (heard === undefined || Number.isNaN(at)) return undefined;
  const half = heard.milliseconds / 2;
  return { skew: now - half - (at + HEADER_ERROR_MS / 2), error: half + HEADER_ERROR_MS / 2 };
};

/** Whether the two clocks agree. */
export const checkClock = (measured: ReturnType<typeof clockSkew>): Finding => {
  if (measured === undefined) {
    return warning("clock", "the server told no time", "a proxy may have taken its Date header out");
  }
  const { skew, error } = measured;
  const off = Math.max(0, Math.abs(skew) - error);
  const words = `this machine's is ${duration(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} the server's`;
  if (off <= MOST_SKEW_MS) return fine("clock", off < 1000 ? "agrees with the server's" : words);
  return warning(
    "clock",
    words,
    "set it (NTP): leases go by the database's clock, but a token's end and times in logs do not",
  );
};

/** Whether the database is there and up to date, as the server sees it. */
export const checkDatabase = ({ database }: Health, kind: string | undefined): Finding => {
  const name = kind === undefined ? "" : `${kind}: `;
  if (database.state === "down") {
    return failed(
      "database",
      `${name}the server cannot reach it`,
      "its log knows why; tasks wait until it is back",
    );
  }
  const pending = database.pending_migrations ?? [];
  const detail = `${name}a round trip of ${database.milliseconds ?? 0} ms`;
  if (pending.length === 0) return fine("database", `${detail}, no migrations pending`);
  return failed(
    "database",
    `${detail}, ${pending.length} migration(s) pending: ${pending.join(", ")}`,
    "`joblib migrate`",
  );
};

/** Whether events go from server to server. */
export const checkBus = ({ bus }: Health): Finding => {
  if (bus.state === "down") {
    return warning(
      "bus",
      `${bus.kind}: down`,
      "the server reads the database every second instead: slower, and right",
    );
  }
  return fine("bus", bus.kind === "redis" ? "redis" : "in the process: for one server on its database");
};
