import { sql } from "kysely";
import { findUnsuitable } from "../database-checks.ts";
import { inHostTransaction, onBareSession } from "../host-sql.ts";
import { requireTlsOfUrl } from "../host-url.ts";
import { withoutRecovery, withRetries } from "../retries.ts";
import type { Orm, Sql } from "../sessions.ts";
import { requireFit } from "../unfit-database.ts";
import { NOTES_ARE_THERE } from "./joblib-migration.ts";
import { findMigrationObstacles, findUnreadable } from "./migration-rights.ts";
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
  requireTlsOfUrl(orm);
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

/**
 * Returns the names of the migrations that the database still lacks, after a look at whether it can hold joblib's tables
 * at all and whether this role may read them. Throws `UnfitDatabase`.
 */
export const checkMigrations = async (orm: Orm): Promise<readonly string[]> => {
  // A standby can be read.
  requireFit((await findUnsuitable(orm)).filter(({ kind }) => kind !== "read-only"));
  requireFit(await findUnreadable(orm));
  return pendingMigrations(orm);
};

/**
 * Applies the pending migrations in one transaction and returns their names; any number of servers may do so at once.
 * Throws `UnfitDatabase` if the database or the role's rights do not allow it.
 */
export const migrate = async (orm: Orm): Promise<readonly string[]> => {
  // A role that may create nothing is enough if nothing is pending.
  if ((await checkMigrations(orm)).length === 0) return [];
  requireFit([...(await findUnsuitable(orm)), ...(await findMigrationObstacles(orm))]);
  return withRetries(async () => {
    // MikroORM checks its connection with another one, which the role may not be granted during the transaction.
    await orm.driver.getConnection("write").ensureConnection();
    // A migration takes as long as it takes: no limit of the role or the database may end it.
    return inHostTransaction(orm, (db) => applyPending(orm, db), { statementTimeoutMs: 0 });
  }, withoutRecovery);
};
