import { sql, type Transaction } from "kysely";
import { buildTransactionSettings } from "./session-settings.ts";
import type { Orm, Sql, Tables } from "./sessions.ts";
import { isReadOnly } from "./storage-errors.ts";

/** A host's sessions have no limit of ours; the default of `statement_timeout_seconds`. */
const STATEMENT_TIMEOUT_MS = 30_000;

const kyselyOf = (orm: Orm): Sql => orm.em.fork().getKysely<Tables>().withSchema("joblib");

/** Ends the session instead of giving it back to the host's pool: it leads to a server that takes no writes. */
const endSession = async (db: Sql): Promise<void> => {
  await sql`select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())`.execute(db).catch(() => {});
};

/**
 * Runs work in a transaction on a session of the host's ORM. The session's settings are the host's, and ours hold until
 * the transaction ends.
 */
export const runInHostTransaction = <Value>(
  orm: Orm,
  work: (db: Transaction<Tables>) => Promise<Value>,
  { statementTimeoutMs = STATEMENT_TIMEOUT_MS }: { readonly statementTimeoutMs?: number } = {},
): Promise<Value> => {
  const pinned = async (db: Transaction<Tables>): Promise<Value> => {
    await sql.raw(buildTransactionSettings({ plans: "free", statementTimeoutMs })).execute(db);
    return work(db);
  };
  return kyselyOf(orm)
    .connection()
    .execute(async (db) => {
      try {
        return await db.transaction().setIsolationLevel("read committed").execute(pinned);
      } catch (error) {
        if (isReadOnly(error)) await endSession(db);
        throw error;
      }
    });
};

/** Runs work on a session of the ORM as it is. */
export const runOnOrm = <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> =>
  work(kyselyOf(orm));
