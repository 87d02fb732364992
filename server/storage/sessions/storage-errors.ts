import { describeTlsError } from "../../settings/tls-errors.ts";

const UNREACHABLE = "the database cannot be reached";
const NO_FREE_CONNECTION = "no connection to the database was free in time";

/**
 * Thrown if the database cannot be reached or does not execute a statement in time. The message is
 * the reason: one sentence without a full stop, for logs and clients. It contains no host, role or
 * database.
 */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";
  /**
   * Set if a retry would fail in the same way. Undefined after a lost connection or a timeout,
   * because a retry may then succeed.
   */
  readonly state: "refused" | "read-only" | undefined;
  /**
   * True if the connection was lost during the statement. The database may have executed the
   * statement, or may still execute it.
   */
  readonly isOutcomeUnknown: boolean;

  constructor(
    cause: unknown,
    reason = UNREACHABLE,
    details: Partial<Pick<StorageUnavailable, "state" | "isOutcomeUnknown">> = {},
  ) {
    super(reason, { cause });
    this.state = details.state;
    this.isOutcomeUnknown = details.isOutcomeUnknown ?? false;
  }
}

/**
 * Returns the result of an operation, or undefined if its outcome is unknown; the caller then reads
 * the current state. Use it only for operations whose idempotency key or fence shows whether they
 * were executed.
 */
export async function catchUnknownOutcome<Value>(operation: Promise<Value>): Promise<Value | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof StorageUnavailable && error.isOutcomeUnknown) return undefined;
    throw error;
  }
}

/**
 * Thrown if the database refuses a statement until an administrator acts, for example because of
 * missing rights.
 */
export class StorageRefusal extends Error {
  override readonly name = "StorageRefusal";

  constructor(cause: Error, advice: string) {
    super(`the database refused a statement (${cause.message}): ${advice}`, { cause });
  }
}

/** Thrown if PostgreSQL cannot store a value. A retry cannot succeed. */
export class UnstorableValue extends Error {
  override readonly name = "UnstorableValue";
  readonly reason: "text" | "size";

  constructor(cause: Error, reason: "text" | "size") {
    super(`the database cannot store a value: ${cause.message}`, { cause });
    this.reason = reason;
  }
}

/**
 * Converts an error to a storage error. Returns the same error if the statement itself is wrong.
 */
export function toStorageError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isConverted = [StorageUnavailable, StorageRefusal, UnstorableValue].some(
    (type) => error instanceof type,
  );
  if (isConverted) return error;
  const failure = toRefusedConnection(error) ?? toUnavailable(error);
  if (failure !== undefined) return failure;
  const advice = getRefusalAdvice(error);
  if (advice !== undefined) return new StorageRefusal(error, advice);
  const unstorable = UNSTORABLE_CODES[getErrorCode(error)];
  return unstorable === undefined ? error : new UnstorableValue(error, unstorable);
}

/** Returns the SQLSTATE or the system error code; empty if there is none. */
const getErrorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const getRoutine = (error: unknown): unknown =>
  error instanceof Error && "routine" in error ? error.routine : undefined;

const hasCode = (error: unknown, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => getErrorCode(error).startsWith(prefix));

/**
 * Returns true after a deadlock or a serialization failure: the transaction was rolled back and can
 * be retried.
 */
export const isRolledBack = (error: unknown): boolean => hasCode(error, ["40P01", "40001"]);

/**
 * Returns true if the statement was not executed because PostgreSQL or the session is read-only.
 */
export const isReadOnly = (error: unknown): boolean => hasCode(error, ["25006"]);

/** Messages of PgBouncer for a full pool. Their SQLSTATE is only a general protocol violation. */
const POOLER_IS_FULL = /no more connections allowed|query_wait_timeout/i;

/** Returns true if the server or a pooler accepts no more connections at the moment. */
export const isTooManyConnections = (error: unknown): boolean =>
  hasCode(error, ["53300"]) || (error instanceof Error && POOLER_IS_FULL.test(error.message));

/**
 * Returns true if a pooler refuses start-up options (SQLSTATE 08P01, or 0A000 from Amazon RDS
 * Proxy).
 */
export const isStartupOptionRefused = (error: unknown): boolean =>
  hasCode(error, ["08P01", "0A000"]) && !isTooManyConnections(error);

/**
 * Returns true if a pooler sent a prepared statement to another session. The statement was not
 * executed.
 */
export const isPreparedStatementLost = (error: unknown): boolean => hasCode(error, ["26000", "42P05"]);

/**
 * Returns true if a migration has changed the columns of a cached plan. The statement was not
 * executed.
 */
export const isPlanOutdated = (error: unknown): boolean => getRoutine(error) === "RevalidateCachedQuery";

/**
 * SQLSTATEs or their prefixes after which a session cannot be used again: PostgreSQL has ended the
 * session (08, 57P, 25P03, 25P04) or is read-only (25006), or a pooler shares the session with
 * other clients (26000, 42P05).
 */
const UNUSABLE_SESSION_CODES = ["08", "57P", "25P03", "25P04", "25006", "26000", "42P05"];

/**
 * Returns true if the session must not be used again. An error without an SQLSTATE means that the
 * connection failed.
 */
export const isSessionUnusable = (error: unknown): boolean =>
  !/^[0-9A-Z]{5}$/.test(getErrorCode(error)) || hasCode(error, UNUSABLE_SESSION_CODES);

/** Messages of errors that pg throws without a code, before the session begins. */
const NO_TLS = "The server does not support SSL connections";
const NO_CHANNEL_BINDING = /channel binding|SCRAM-SHA-256-PLUS/;

/**
 * Returns the error of a connection that was refused because of TLS or pg_hba.conf, with advice.
 */
function toRefusedConnection(error: Error): StorageUnavailable | undefined {
  const advice = getConnectionAdvice(error);
  const isUnbound = getErrorCode(error) === "" && NO_CHANNEL_BINDING.test(error.message);
  if (advice === undefined && !isUnbound) return undefined;
  // The advice may contain host, role and database, so it is the cause, which is logged but not
  // sent to clients.
  const cause = advice === undefined ? error : new Error(advice, { cause: error });
  return new StorageUnavailable(cause, "the database refused the connection", { state: "refused" });
}

function getConnectionAdvice(error: Error): string | undefined {
  const { message } = error;
  if (message === NO_TLS) {
    return "the server does not offer TLS, which sslmode requires: enable ssl in PostgreSQL, or use sslmode=disable to connect in plain text";
  }
  // SQLSTATE class 28: PostgreSQL rejected the user or the kind of connection.
  const isRejected = hasCode(error, ["28"]);
  if (isRejected && message.includes("no pg_hba.conf entry")) {
    return message.endsWith("no encryption")
      ? `${message}: the server may accept encrypted connections only; add sslmode=verify-full to the URL, or change pg_hba.conf`
      : `${message}: check user and database, and pg_hba.conf on the server`;
  }
  if (isRejected && message.includes("certificate")) {
    return `${message}: name a client certificate with sslcert and sslkey`;
  }
  return describeTlsError(error, "sslrootcert");
}

/** Reasons by SQLSTATE or its prefix, the longest prefix first (PostgreSQL manual, appendix A). */
const REASONS_BY_SQL_STATE: readonly (readonly [prefix: string, reason: string])[] = [
  ["40001", "the database rolled back every attempt of the transaction (serialization failure)"],
  ["40P01", "the database rolled back every attempt of the transaction (deadlock)"],
  ["25006", "the database is read-only: it is a standby, or default_transaction_read_only is on"],
  ["25P03", "the database ended a session that was idle in a transaction"],
  ["25P04", "the database ended a transaction that took too long"],
  ["53300", "the database accepts no more connections: raise its connection limit"],
  ["53100", "the database's disk is full"],
  ["53200", "the database is out of memory"],
  ["53", "the database is out of resources"],
  ["57P03", "the database is starting up or shutting down"],
  ["57P", "the database ended the connection"],
  ["57014", "the database cancelled the statement because it took too long"],
  ["55P03", "the database cancelled the statement because a lock was not available in time"],
  ["58030", "the database cannot read or write its disk"],
  ["3D000", "the database does not exist"],
  ["08", "the connection to the database failed"],
];

const CONNECTION_ERROR_CODES = [
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ENOENT", "EACCES", "EMFILE", "ENOSPC", "EIO"],
];

/** Reasons by message, for errors that pg, its pool, Kysely and PGlite throw without a code. */
const REASONS_BY_MESSAGE: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/no more connections allowed/i, "the pooler accepts no more connections"],
  [/query_wait_timeout/i, "the pooler had no connection to the database in time"],
  [/query read timeout/i, "the database did not answer in time"],
  [/no connection was free in time|timeout exceeded when trying to connect/i, NO_FREE_CONNECTION],
  [/connection terminated|timeout expired|pool of database sessions is closed/i, UNREACHABLE],
  [/after calling end on the pool|not queryable|already been destroyed/i, UNREACHABLE],
  [/pglite is (closed|closing)|already closed|client was closed/i, UNREACHABLE],
];

/** Returns undefined if the statement caused the error, not the database. */
function toUnavailable(error: Error): StorageUnavailable | undefined {
  const reason = findReason(getErrorCode(error), error.message);
  if (reason === undefined) return undefined;
  const state = isReadOnly(error) ? "read-only" : undefined;
  return new StorageUnavailable(error, reason, { state, isOutcomeUnknown: isConnectionLost(error) });
}

function findReason(code: string, message: string): string | undefined {
  const byMessage = REASONS_BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1];
  // PgBouncer sends its messages with the code 08P01, which is less specific.
  if (byMessage !== undefined && ["", "08P01"].includes(code)) return byMessage;
  if (CONNECTION_ERROR_CODES.includes(code)) return `${UNREACHABLE} (${code})`;
  const byCode = REASONS_BY_SQL_STATE.find(([prefix]) => code.startsWith(prefix))?.[1];
  return byCode && `${byCode} (SQLSTATE ${code})`;
}

const CONNECTION_LOST = /connection terminated(?! due to connection timeout)|query read timeout/i;

/**
 * Returns true if the connection was lost during a statement. Includes SQLSTATE class 57P, which a
 * server that shuts down may send after it executed the statement.
 */
const isConnectionLost = (error: Error): boolean =>
  getErrorCode(error) === ""
    ? CONNECTION_LOST.test(error.message)
    : hasCode(error, ["ECONNRESET", "EPIPE", "ETIMEDOUT", "57P"]);

const MIGRATE_ADVICE = "joblib's tables are missing or older than this server: run `joblib migrate`";

const REFUSAL_ADVICE: readonly (readonly [state: string, advice: string])[] = [
  [
    "42501",
    "the database role lacks a right: `joblib serve` prints the missing one when it starts, and docs/operating.md lists all of them",
  ],
  ["28", "check the user and the password in the URL of the database"],
  // The schema, table or column does not exist.
  ["3F000", MIGRATE_ADVICE],
  ["42P01", MIGRATE_ADVICE],
  ["42703", MIGRATE_ADVICE],
];

function getRefusalAdvice(error: Error): string | undefined {
  // The message depends on the server's language. The name of the C function does not.
  const lacksConnect = hasCode(error, ["42501"]) && getRoutine(error) === "CheckMyDatabase";
  if (lacksConnect) return "run as an administrator: GRANT CONNECT ON DATABASE … TO …;";
  return REFUSAL_ADVICE.find(([state]) => hasCode(error, [state]))?.[1];
}

/**
 * SQLSTATEs for an unsupported character, and for a value that exceeds a limit such as the size of
 * an index row.
 */
const UNSTORABLE_CODES: Readonly<Record<string, UnstorableValue["reason"]>> = {
  "22021": "text",
  "22P05": "text",
  "54000": "size",
};
