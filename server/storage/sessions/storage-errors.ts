import { explainRefusal, isRefusedConnection } from "./connection-refusal.ts";
import { CONNECTION_REFUSED, describeFailure } from "./failure-reasons.ts";
import { StorageRefusal, UnstorableValue } from "./storage-refusal.ts";
import { StorageUnavailable } from "./storage-unavailable.ts";

/** Returns the SQLSTATE or the system error code; empty if there is none. */
export const getErrorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const hasPrefix = (code: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => code.startsWith(prefix));

/** Returns true after a deadlock or a serialization failure: the transaction was rolled back and can be retried. */
export const isRolledBack = (error: unknown): boolean => ["40P01", "40001"].includes(getErrorCode(error));

/** Returns true if the statement was not executed because the server or the session is read-only. */
export const isReadOnly = (error: unknown): boolean => getErrorCode(error) === "25006";

/** Messages of PgBouncer for a full pool. Their SQLSTATE is only a general protocol violation. */
const POOLER_IS_FULL = /no more connections allowed|query_wait_timeout/i;

/** Returns true if the server or a pooler accepts no more connections at the moment. */
export const isTooManyConnections = (error: unknown): boolean =>
  getErrorCode(error) === "53300" || (error instanceof Error && POOLER_IS_FULL.test(error.message));

/** Returns true if a pooler refuses start-up options (SQLSTATE 08P01, or 0A000 from Amazon RDS Proxy). */
export const isStartupOptionRefused = (error: unknown): boolean =>
  ["08P01", "0A000"].includes(getErrorCode(error)) && !isTooManyConnections(error);

/**
 * Returns true if a pooler ran a prepared statement on a session that has not prepared it. The statement was
 * not executed.
 */
export const isPreparedStatementLost = (error: unknown): boolean =>
  ["26000", "42P05"].includes(getErrorCode(error));

/**
 * SQLSTATEs after which a session must not be used again: the server has ended it (08, 57P, 25P03 and 25P04), the server
 * is read-only (25006), or a pooler runs each statement on another session (26000, 42P05).
 */
const UNUSABLE_SESSION = ["08", "57P", "25P03", "25P04", "25006", "26000", "42P05"];

/** Returns true if the session must not be used again. An error without an SQLSTATE means that the connection failed. */
export const isSessionUnusable = (error: unknown): boolean => {
  const code = getErrorCode(error);
  return !/^[0-9A-Z]{5}$/.test(code) || hasPrefix(code, UNUSABLE_SESSION);
};

const CONNECTION_LOST_CODES = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "57P"];
const CONNECTION_LOST = /connection terminated(?! due to connection timeout)|query read timeout/i;

/**
 * Returns true if the connection was lost during the statement, so that its outcome is unknown. This includes 57P: a
 * server that shuts down may send it after the statement was executed.
 */
const isConnectionLost = (error: Error): boolean => {
  const code = getErrorCode(error);
  return code === "" ? CONNECTION_LOST.test(error.message) : hasPrefix(code, CONNECTION_LOST_CODES);
};

const RIGHTS =
  "the database role lacks a right: `joblib serve` prints the missing one when it starts, and docs/operating.md lists all of them";
const LOGIN = "check the user and the password in the URL of the database";
const TABLES = "joblib's tables are missing or older than this server: run `joblib migrate`";

/** Advice for an administrator by SQLSTATE or its prefix. */
const REFUSALS: readonly (readonly [state: string, advice: string])[] = [
  ["42501", RIGHTS],
  ["28", LOGIN],
  // The schema, table or column does not exist.
  ["3F000", TABLES],
  ["42P01", TABLES],
  ["42703", TABLES],
];

const CONNECT = "run as an administrator: GRANT CONNECT ON DATABASE … TO …;";

/** Returns true if the role lacks CONNECT. The name of the C function does not depend on the server's language. */
const isConnectRefused = (error: Error): boolean =>
  getErrorCode(error) === "42501" && "routine" in error && error.routine === "CheckMyDatabase";

const getRefusalAdvice = (error: Error): string | undefined =>
  isConnectRefused(error) ? CONNECT : REFUSALS.find(([state]) => getErrorCode(error).startsWith(state))?.[1];

/**
 * SQLSTATEs for values that cannot be stored: a character that the encoding or the type `text` does not
 * support, or a value that exceeds a limit such as the size of an index row.
 */
const UNSTORABLE: Readonly<Record<string, UnstorableValue["reason"]>> = {
  "22021": "text",
  "22P05": "text",
  "54000": "size",
};

/** Returns the error of a connection that was refused because of TLS or pg_hba.conf, with advice. */
const toRefusedConnection = (error: Error): StorageUnavailable | undefined => {
  if (!isRefusedConnection(error)) return undefined;
  const explained = explainRefusal(error);
  // There is no advice for a wrong user or password.
  if (explained === error && getErrorCode(error).startsWith("28")) return undefined;
  // The explanation may contain host, role and database. It is passed as the cause, which is logged but not
  // sent to clients.
  return new StorageUnavailable(explained, { reason: CONNECTION_REFUSED });
};

const isStorageError = (error: Error): boolean =>
  error instanceof StorageUnavailable || error instanceof StorageRefusal || error instanceof UnstorableValue;

/** Converts an error to a storage error. Returns the same error if the statement itself is wrong. */
export const toStorageError = (error: unknown): unknown => {
  if (!(error instanceof Error) || isStorageError(error)) return error;
  const refused = toRefusedConnection(error);
  if (refused !== undefined) return refused;
  const failure = describeFailure(getErrorCode(error), error.message);
  if (failure !== undefined) {
    return new StorageUnavailable(error, { reason: failure, isOutcomeUnknown: isConnectionLost(error) });
  }
  const advice = getRefusalAdvice(error);
  if (advice !== undefined) return new StorageRefusal(error, advice);
  const unstorable = UNSTORABLE[getErrorCode(error)];
  return unstorable === undefined ? error : new UnstorableValue(error, unstorable);
};
