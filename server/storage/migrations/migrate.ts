import { sql } from "kysely";
import { inHostTransaction, onBareSession } from "../host-sql.ts";
import { withoutRecovery, withRetries } from "../retries.ts";
import type { Orm, Sql } from "../sessions.ts";
import { NOTES_ARE_THERE } from "./joblib-migration.ts";
import { migrations } from "./migrations.ts";

const appliedNames = async (db: Sql): Promise<ReadonlySet<string>> => {
  const table = await sql<{ present: boolean }>`${sql.raw(NOTES_ARE_THERE)}`.execute(db);
  if (table.rows[0]?.present !== true) return new Set();
  const applied = await sql<{ name: string }>`select name from joblib.migration`.execute(db);
  return new Set(applied.rows.map(({ name }) => name));
};

/** Finds the migrations that the database lacks. */
export const findPending = async (db: Sql) => {
  const applied = await appliedNames(db);
  return migrations.filter(({ name }) => !applied.has(name));
};

/** Names of the migrations that the database still lacks. */
export const pendingMigrations = async (orm: Orm): Promise<readonly string[]> => {
  const find = () => onBareSession(orm, findPending);
  return (await withRetries(find, withoutRecovery)).map(({ name }) => name);
};

const applyPending = async (orm: Orm, db: Sql): Promise<readonly string[]> => {
  // Whoever starts at the same moment waits here, and then finds nothing to do.
  await sql`select pg_advisory_xact_lock(hashtextextended('joblib:migrate', 0))`.execute(db);
  const pending = await findPending(db);
  for (const { class: MigrationClass } of pending) {
    const migration = new MigrationClass(orm.driver, orm.em.config);
    migration.setTransactionContext(db);
    await migration.up();
    for (const query of migration.getQueries()) await orm.driver.execute(query, [], "all", db);
  }
  return pending.map(({ name }) => name);
};

/** Brings the database up to date, all in one transaction, and tells what it applied; safe from any number of servers at once. */
export const migrate = async (orm: Orm): Promise<readonly string[]> => {
  // A server whose role may not create anything starts all the same where nothing is pending.
  if ((await pendingMigrations(orm)).length === 0) return [];
  return withRetries(async () => {
    // MikroORM checks its connection with another one, which the role may not be granted during the transaction.
    await orm.driver.getConnection("write").ensureConnection();
    // A migration takes as long as it takes: no limit of the role or the database may end it.
    return inHostTransaction(orm, (db) => applyPending(orm, db), { statementTimeoutMs: 0 });
  }, withoutRecovery);
};
