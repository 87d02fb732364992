import { sql } from "kysely";
import { checkSuitability } from "../database-checks.ts";
import { runInHostTransaction, runOnOrm } from "../host-transaction.ts";
import { requireUrlTls } from "../host-url.ts";
import { NO_RECOVERY, withRetries } from "../retries.ts";
import type { Orm, Sql } from "../sessions.ts";
import { requireFit } from "../unfit-database.ts";
import { HAS_MIGRATION_TABLE } from "./joblib-migration.ts";
import { findMigrationObstacles, findReadObstacles } from "./migration-rights.ts";
import { migrations } from "./migrations.ts";

const appliedNames = async (db: Sql): Promise<ReadonlySet<string>> => {
  const table = await sql<{ present: boolean }>`${sql.raw(HAS_MIGRATION_TABLE)}`.execute(db);
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
  requireUrlTls(orm);
  const find = () => runOnOrm(orm, findPending);
  return (await withRetries(find, NO_RECOVERY)).map(({ name }) => name);
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

/**
 * Returns the names of the migrations that the database still lacks, after a look at whether it can hold joblib's tables
 * at all and whether this role may read them. Throws `UnfitDatabase`.
 */
export const checkMigrations = async (orm: Orm): Promise<readonly string[]> => {
  // A standby can be read.
  requireFit((await checkSuitability(orm)).filter(({ kind }) => kind !== "read-only"));
  requireFit(await findReadObstacles(orm));
  return pendingMigrations(orm);
};

/**
 * Applies the pending migrations in one transaction and returns their names; any number of servers may do so at once.
 * Throws `UnfitDatabase` if the database or the role's rights do not allow it.
 */
export const migrate = async (orm: Orm): Promise<readonly string[]> => {
  // A role that may create nothing is enough if nothing is pending.
  if ((await checkMigrations(orm)).length === 0) return [];
  requireFit([...(await checkSuitability(orm)), ...(await findMigrationObstacles(orm))]);
  return withRetries(async () => {
    // MikroORM checks its connection with another one, which the role may not be granted during the transaction.
    await orm.driver.getConnection("write").ensureConnection();
    // A migration takes as long as it takes: no limit of the role or the database may end it.
    return runInHostTransaction(orm, (db) => applyPending(orm, db), { statementTimeoutMs: 0 });
  }, NO_RECOVERY);
};
