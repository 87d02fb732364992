import { StorageRefusal, UnstorableValue } from "./refusal.ts";
import { StorageUnavailable } from "./unavailable.ts";

const SYSTEM_CODES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ENOENT", "EACCES", "EMFILE", "ENOSPC", "EIO"],
]);

/**
 * SQLSTATEs by their first characters: 08 connection, 53 resources (full disk, too many connections),
 * 57P shutdown, 57014 cancelled (statement_timeout), 55P03 lock_timeout, 25006 a standby answers,
 * 25P03 idle in transaction, 3D000 no such database (it is being restored), 40 a deadlock that repeats.
 */
const SQL_STATES = [
  "08",
  "53",
  "57P",
  "57014",
  "55P03",
  "25006",
  "25P03",
  "3D000",
  "58030",
  "40001",
  "40P01",
];

/** What pg, its pool, Kysely and PGlite throw without a code. */
const MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|after calling end on the pool|not queryable|already been destroyed|query read timeout|pglite is (closed|closing)|already closed|client was closed/i;

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

/** True for an error that says "the database is away", not "the statement is wrong". */
export const isAway = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (SYSTEM_CODES.has(code) || SQL_STATES.some((state) => code.startsWith(state))) return true;
  return code === "" && MESSAGES.test(error.message);
};

/** True where the database itself undid the transaction and asks for another try. */
export const isUndone = (error: unknown): boolean =>
  error instanceof Error && (codeOf(error) === "40P01" || codeOf(error) === "40001");

/**
 * True where something between us and the database (a pooler of transactions) takes no start-up settings (08P01) or
 * does not keep named statements with their connection (26000, 42P05): nothing of the statement has happened.
 */
export const isRefused = (error: unknown): boolean =>
  error instanceof Error && ["08P01", "26000", "42P05"].includes(codeOf(error));

const LOST_CODES = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "57P"];
const LOST = /connection terminated(?! due to connection timeout)|query read timeout/i;

/** True where the connection was lost under the statement: a server that shuts down says so too late to tell. */
const isLost = (error: Error): boolean => {
  const code = codeOf(error);
  return code === "" ? LOST.test(error.message) : LOST_CODES.some((start) => code.startsWith(start));
};

const RIGHTS =
  "the role lacks a right, which `joblib serve` names when it starts; docs/operating.md lists all of them";
const LOGIN = "is the user or the password in the database's URL still right?";
const TABLES = "joblib's tables are missing or older than this server: run `joblib migrate`";

/** What an administrator can do about a refusal, by the first characters of its SQLSTATE. */
const REFUSALS: readonly (readonly [state: string, advice: string])[] = [
  ["42501", RIGHTS],
  ["28", LOGIN],
  // No such schema, table or column.
  ["3F000", TABLES],
  ["42P01", TABLES],
  ["42703", TABLES],
];

const CONNECT = "run as an administrator: GRANT CONNECT ON DATABASE … TO …;";

/** PostgreSQL's own name, in every language, of the place where a session without CONNECT is refused. */
const isConnectRefused = (error: Error): boolean =>
  codeOf(error) === "42501" && "routine" in error && error.routine === "CheckMyDatabase";

const refusalAdvice = (error: Error): string | undefined =>
  isConnectRefused(error) ? CONNECT : REFUSALS.find(([state]) => codeOf(error).startsWith(state))?.[1];

/** Characters that the encoding lacks or that no text holds; a value over a limit, such as that of an index row. */
const UNSTORABLE: Readonly<Record<string, UnstorableValue["reason"]>> = {
  "22021": "text",
  "22P05": "text",
  "54000": "size",
};

/** Returns the error as callers of the storage see it. */
export const asStorageError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  if (isAway(error)) return new StorageUnavailable(error, isLost(error));
  const advice = refusalAdvice(error);
  if (advice !== undefined) return new StorageRefusal(error, advice);
  const reason = UNSTORABLE[codeOf(error)];
  return reason === undefined ? error : new UnstorableValue(error, reason);
};
