import { sql } from "kysely";
import type { Sql } from "../sessions/orm.ts";

/**
 * The error that PostgreSQL returns for a write on a standby or in a read-only session
 * (`read_only_sql_transaction`).
 */
class ReadOnlyError extends Error {
  readonly code = "25006";

  constructor() {
    super("cannot write in a read-only transaction");
    this.name = "ReadOnlyError";
  }
}

/** Makes a round trip to the database. Throws if the server or the session does not accept writes. */
export const checkWritable = async (db: Sql): Promise<void> => {
  const { rows } = await sql<{ read_only: boolean }>`
    select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only`.execute(db);
  if (rows[0]?.read_only !== false) throw new ReadOnlyError();
};
