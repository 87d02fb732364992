/** The kind of a database failure. */
export type FailureKind =
  | "unreachable"
  | "refused"
  | "read-only"
  | "too-many-connections"
  | "out-of-resources"
  | "shutting-down"
  | "slow"
  | "locked"
  | "rolled-back"
  | "missing";

/** A failure that is caused by the database, not by the statement. */
export interface FailureReason {
  readonly kind: FailureKind;
  /** One sentence without a full stop, for logs and clients. Contains no host, role or database. */
  readonly text: string;
}

/** Reasons by SQLSTATE or its prefix, the longest prefix first (PostgreSQL manual, appendix A). */
const BY_SQL_STATE: readonly (readonly [start: string, kind: FailureKind, text: string])[] = [
  [
    "40001",
    "rolled-back",
    "the database rolled back every attempt of the transaction (serialization failure)",
  ],
  ["40P01", "rolled-back", "the database rolled back every attempt of the transaction (deadlock)"],
  [
    "25006",
    "read-only",
    "the database is read-only: it is a standby, or default_transaction_read_only is on",
  ],
  ["25P03", "slow", "the database ended a session that was idle in a transaction"],
  ["25P04", "slow", "the database ended a transaction that took too long"],
  ["53300", "too-many-connections", "the database accepts no more connections: raise its connection limit"],
  ["53100", "out-of-resources", "the database's disk is full"],
  ["53200", "out-of-resources", "the database is out of memory"],
  ["53", "out-of-resources", "the database is out of resources"],
  ["57P03", "shutting-down", "the database is starting up or shutting down"],
  ["57P", "shutting-down", "the database ended the connection"],
  ["57014", "slow", "the database cancelled the statement because it took too long"],
  ["55P03", "locked", "the database cancelled the statement because a lock was not available in time"],
  ["58030", "out-of-resources", "the database cannot read or write its disk"],
  ["3D000", "missing", "the database does not exist"],
  ["08", "unreachable", "the connection to the database failed"],
];

const SYSTEM_CODES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ENOENT", "EACCES", "EMFILE", "ENOSPC", "EIO"],
]);

/** The reason for a connection that failed because of TLS or authentication. */
export const CONNECTION_REFUSED: FailureReason = {
  kind: "refused",
  text: "the database refused the connection",
};

const UNREACHABLE = "the database cannot be reached";

/** Reasons by message, for errors that pg, its pool, Kysely and PGlite throw without a code. */
const BY_MESSAGE: readonly (readonly [pattern: RegExp, kind: FailureKind, text: string])[] = [
  [/no more connections allowed/i, "too-many-connections", "the pooler accepts no more connections"],
  [/query_wait_timeout/i, "too-many-connections", "the pooler had no connection to the database in time"],
  [/query read timeout/i, "slow", "the database did not answer in time"],
  [
    /no connection was free in time/i,
    "too-many-connections",
    "no connection to the database was free in time",
  ],
  [/timeout exceeded when trying to connect/i, "too-many-connections", "no connection was free in time"],
  [
    /connection terminated|timeout expired|pool of database sessions is closed|after calling end on the pool|not queryable|already been destroyed/i,
    "unreachable",
    UNREACHABLE,
  ],
  [/pglite is (closed|closing)|already closed|client was closed/i, "unreachable", UNREACHABLE],
];

const withCode = (text: string, code: string): string => `${text} (${code})`;

/** Returns the reason if the database caused the error; undefined if the statement did. */
export const describeFailure = (code: string, message: string): FailureReason | undefined => {
  const [, kind, text] = BY_MESSAGE.find(([pattern]) => pattern.test(message)) ?? [];
  // PgBouncer sends its messages with the code 08P01, which is less specific.
  if (kind !== undefined && text !== undefined && (code === "" || code === "08P01")) return { kind, text };
  if (SYSTEM_CODES.has(code)) return { kind: "unreachable", text: withCode(UNREACHABLE, code) };
  const known = BY_SQL_STATE.find(([start]) => code.startsWith(start));
  return known && { kind: known[1], text: withCode(known[2], `SQLSTATE ${code}`) };
};
