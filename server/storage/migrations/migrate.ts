import { sql } from "kysely";
import { checkSuitability } from "../database/database-checks.ts";
import { requireUrlTls } from "../database/host-url.ts";
import { requireFit } from "../database/unfit-database.ts";
import { runInHostTransaction, runOnOrm } from "../sessions/host-transaction.ts";
import type { Orm, Sql } from "../sessions/orm.ts";
import { NO_RECOVERY, withRetries } from "../sessions/retries.ts";
import { HAS_MIGRATION_TABLE } from "./joblib-migration.ts";
import { findMigrationObstacles, findReadObstacles } from "./migration-rights.ts";
import { migrations } from "./migrations.ts";

const findApplied = async (db: Sql): Promise<ReadonlySet<string>> => {
  const table = await sql<{ present: boolean }>`${sql.raw(HAS_MIGRATION_TABLE)}`.execute(db);
  if (table.rows[0]?.present !== true) return new Set();
  const applied = await sql<{ name: string }>`select name from joblib.migration`.execute(db);
  return new Set(applied.rows.map(({ name }) => name));
};

/** Returns the migrations that are not applied yet. */
export const findPending = async (db: Sql) => {
  const applied = await findApplied(db);
  return migrations.filter(({ name }) => !applied.has(name));
};

/** Returns the names of the migrations that are not applied yet. */
export const pendingMigrations = async (orm: Orm): Promise<readonly string[]> => {
  requireUrlTls(orm);
  const find = () => runOnOrm(orm, findPending);
  return (await withRetries(find, NO_RECOVERY)).map(({ name }) => name);
};

const applyPending = async (orm: Orm, db: Sql): Promise<readonly string[]> => {
  // A server that starts at the same time waits here, and then finds no pending migrations.
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

/**
 * Returns the names of the migrations that are not applied yet. Throws `UnfitDatabase` if the database cannot have joblib's
 * tables, or the role has no right to read them.
 */
export const checkMigrations = async (orm: Orm): Promise<readonly string[]> => {
  // A read-only standby is sufficient, because only the migrations are read.
  requireFit((await checkSuitability(orm)).filter(({ kind }) => kind !== "read-only"));
  requireFit(await findReadObstacles(orm));
  return pendingMigrations(orm);
};

/**
 * Applies the pending migrations in one transaction and returns their names. Several servers can do so concurrently.
 * Throws `UnfitDatabase` if the database is not suitable, or the role lacks rights.
 */
export const migrate = async (orm: Orm): Promise<readonly string[]> => {
  // If no migration is pending, the role needs no right to create objects.
  if ((await checkMigrations(orm)).length === 0) return [];
  requireFit([...(await checkSuitability(orm)), ...(await findMigrationObstacles(orm))]);
  return withRetries(async () => {
    // MikroORM checks its connection with a second one, which the server may refuse during the transaction.
    await orm.driver.getConnection("write").ensureConnection();
    // A migration may take long, so a timeout of the role or the database must not apply to it.
    return runInHostTransaction(orm, (db) => applyPending(orm, db), { statementTimeoutMs: 0 });
  }, NO_RECOVERY);
};
