import { explainRefusal, isRefusedConnection } from "./connection-refusal.ts";
import { CONNECTION_REFUSED, describeFailure } from "./failure-reasons.ts";
import { StorageRefusal, UnstorableValue } from "./storage-refusal.ts";
import { StorageUnavailable } from "./storage-unavailable.ts";

/** SQLSTATE, or the code of a system error; empty if there is none. */
export const getErrorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const startsWithAny = (code: string, starts: readonly string[]): boolean =>
  starts.some((start) => code.startsWith(start));

/** True if the database rolled the transaction back and expects another try: a deadlock or a serialization failure. */
export const isRolledBack = (error: unknown): boolean => ["40P01", "40001"].includes(getErrorCode(error));

/** True if the statement was refused because the server, or the session, is read-only: nothing was executed. */
export const isReadOnly = (error: unknown): boolean => getErrorCode(error) === "25006";

/** PgBouncer's texts; their SQLSTATE says only that the protocol was violated. */
const POOLER_IS_FULL = /no more connections allowed|query_wait_timeout/i;

/** True if the server, or a pooler, opens no further connection at the moment. */
export const isTooManyConnections = (error: unknown): boolean =>
  getErrorCode(error) === "53300" || (error instanceof Error && POOLER_IS_FULL.test(error.message));

/** True if something between us and the database takes no start-up options: 08P01, and 0A000 from Amazon's RDS Proxy. */
export const isStartupOptionRefused = (error: unknown): boolean =>
  ["08P01", "0A000"].includes(getErrorCode(error)) && !isTooManyConnections(error);

/** True if a pooler does not keep named statements with their connection: nothing of the statement has happened. */
export const isPreparedStatementLost = (error: unknown): boolean =>
  ["26000", "42P05"].includes(getErrorCode(error));

/**
 * SQLSTATEs after which a session must not be used again: the server has ended it (08, 57P, 25P03 and 25P04), it leads
 * to a server that takes no writes (25006), or to a pooler that gives each statement another session (26000, 42P05).
 */
const END_OF_SESSION = ["08", "57P", "25P03", "25P04", "25006", "26000", "42P05"];

/** True if the connection cannot be used again. An error without an SQLSTATE is not the server's: the connection failed. */
export const isSessionUnusable = (error: unknown): boolean => {
  const code = getErrorCode(error);
  return !/^[0-9A-Z]{5}$/.test(code) || startsWithAny(code, END_OF_SESSION);
};

const LOST_CODES = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "57P"];
const LOST = /connection terminated(?! due to connection timeout)|query read timeout/i;

/** True if the connection was lost during the statement: a server that shuts down says so too late to tell. */
const isLost = (error: Error): boolean => {
  const code = getErrorCode(error);
  return code === "" ? LOST.test(error.message) : startsWithAny(code, LOST_CODES);
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
  getErrorCode(error) === "42501" && "routine" in error && error.routine === "CheckMyDatabase";

const refusalAdvice = (error: Error): string | undefined =>
  isConnectRefused(error) ? CONNECT : REFUSALS.find(([state]) => getErrorCode(error).startsWith(state))?.[1];

/** Characters that the encoding lacks or that no text holds; a value over a limit, such as that of an index row. */
const UNSTORABLE: Readonly<Record<string, UnstorableValue["reason"]>> = {
  "22021": "text",
  "22P05": "text",
  "54000": "size",
};

/** A connection that was refused because of TLS or pg_hba.conf, with the advice that there is for it. */
const toRefusedConnection = (error: Error): StorageUnavailable | undefined => {
  if (!isRefusedConnection(error)) return undefined;
  const explained = explainRefusal(error);
  // A wrong user or password has no advice of its own.
  if (explained === error && getErrorCode(error).startsWith("28")) return undefined;
  // The explanation may name host, role and database, so it is the cause: for logs, not for clients.
  return new StorageUnavailable(explained, { reason: CONNECTION_REFUSED });
};

const isStorageError = (error: Error): boolean =>
  error instanceof StorageUnavailable || error instanceof StorageRefusal || error instanceof UnstorableValue;

/** Returns the error as callers of the storage see it; a statement that is itself wrong is left as it is. */
export const toStorageError = (error: unknown): unknown => {
  if (!(error instanceof Error) || isStorageError(error)) return error;
  const refused = toRefusedConnection(error);
  if (refused !== undefined) return refused;
  const failure = describeFailure(getErrorCode(error), error.message);
  if (failure !== undefined) {
    return new StorageUnavailable(error, { reason: failure, isOutcomeUnknown: isLost(error) });
  }
  const advice = refusalAdvice(error);
  if (advice !== undefined) return new StorageRefusal(error, advice);
  const unstorable = UNSTORABLE[getErrorCode(error)];
  return unstorable === undefined ? error : new UnstorableValue(error, unstorable);
};
