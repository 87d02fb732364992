import { sql, type Transaction } from "kysely";
import type { Orm, Sql, Tables } from "./orm.ts";
import { buildTransactionSettings } from "./session-settings.ts";
import { isReadOnly } from "./storage-errors.ts";

/**
 * The default of `statement_timeout_seconds`, because joblib's setting does not apply to the sessions of a
 * host.
 */
const STATEMENT_TIMEOUT_MS = 30_000;

const getKysely = (orm: Orm): Sql => orm.em.fork().getKysely<Tables>().withSchema("joblib");

/** Terminates a session that is connected to a read-only server, so that it does not go back to the host's pool. */
const endSession = async (db: Sql): Promise<void> => {
  await sql`select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())`.execute(db).catch(() => {});
};

/**
 * Runs work in a transaction on a session of the host's ORM. joblib's settings apply until the end of the transaction;
 * the settings of the session do not change.
 */
export const runInHostTransaction = <Value>(
  orm: Orm,
  work: (db: Transaction<Tables>) => Promise<Value>,
  { statementTimeoutMs = STATEMENT_TIMEOUT_MS }: { readonly statementTimeoutMs?: number } = {},
): Promise<Value> => {
  const withSettings = async (db: Transaction<Tables>): Promise<Value> => {
    await sql.raw(buildTransactionSettings({ planMode: "default", statementTimeoutMs })).execute(db);
    return work(db);
  };
  return getKysely(orm)
    .connection()
    .execute(async (db) => {
      try {
        return await db.transaction().setIsolationLevel("read committed").execute(withSettings);
      } catch (error) {
        if (isReadOnly(error)) await endSession(db);
        throw error;
      }
    });
};

/** Runs work on sessions of the ORM, without joblib's settings. */
export const runOnOrm = <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> =>
  work(getKysely(orm));
