import { sql } from "kysely";
import { checkSuitability } from "../database/database-checks.ts";
import { type DatabaseFinding, requireFit } from "../database/unfit-database.ts";
import type { Orm, Sql } from "../sessions/orm.ts";
import { requireUrlTls } from "../sessions/orm-connection.ts";
import { runInOrmTransaction, runOnOrm, withRetries } from "../sessions/sessions.ts";
import { readRow, readRows } from "../sql/statement.ts";
import { HAS_MIGRATION_TABLE } from "./joblib-migration.ts";
import { migrations } from "./migrations.ts";

/**
 * Applies the pending migrations in one transaction and returns their names. Several servers can
 * call it concurrently. Throws `UnfitDatabase` if the database is not suitable, or if the role
 * lacks privileges.
 */
export async function migrate(orm: Orm): Promise<readonly string[]> {
  // Returns before the checks, because the role does not need the privilege to create objects if no
  // migration is pending.
  if ((await checkMigrations(orm)).length === 0) return [];
  requireFit([...(await checkSuitability(orm)), ...(await findMigrationObstacles(orm))]);
  return withRetries(async () => {
    // Makes MikroORM connect now. It would otherwise open a second connection during the
    // transaction, and PostgreSQL may refuse that connection.
    await orm.driver.getConnection("write").ensureConnection();
    // Runs without a statement timeout (0), because a migration may take long. This overrides a
    // timeout that is set for the role or the database.
    return runInOrmTransaction(orm, (db) => applyPending(orm, db), 0);
  });
}

/**
 * Returns the names of the pending migrations. Throws `UnfitDatabase` if the database is not
 * suitable, or if the role is not allowed to read the schema.
 */
export async function checkMigrations(orm: Orm): Promise<readonly string[]> {
  requireUrlTls(orm);
  // Accepts a read-only database, because this function only reads.
  requireFit((await checkSuitability(orm)).filter(({ kind }) => kind !== "read-only"));
  requireFit(await findReadObstacles(orm));
  return pendingMigrations(orm);
}

export async function pendingMigrations(orm: Orm): Promise<readonly string[]> {
  requireUrlTls(orm);
  return (await runOnOrm(orm, findPending)).map(({ name }) => name);
}

export async function findPending(db: Sql) {
  const table = await readRow(db, sql.raw<{ present: boolean }>(HAS_MIGRATION_TABLE));
  if (table?.present !== true) return migrations;
  const rows = await readRows(db, sql<{ name: string }>`select name from joblib.migration`);
  const applied = new Set(rows.map(({ name }) => name));
  return migrations.filter(({ name }) => !applied.has(name));
}

async function applyPending(orm: Orm, db: Sql): Promise<readonly string[]> {
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
}

async function readRights(db: Sql) {
  const select = sql<{
    role: string;
    database: string;
    has_schema: boolean;
    may_create_schema: boolean;
    may_use: boolean | null;
    may_create: boolean | null;
    /** Objects of the schema that the role does not own, and their owners. */
    foreign_names: string[];
    owners: string[];
  }>`
    with foreign_objects as (
      select c.relname, pg_get_userbyid(c.relowner) as owner
      from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = 'joblib' and c.relkind in ('r', 'S') and not pg_has_role(c.relowner, 'USAGE')
    )
    select quote_ident(current_user) as role, quote_ident(current_database()) as database,
      s.oid is not null as has_schema,
      has_database_privilege(current_database(), 'CREATE') as may_create_schema,
      has_schema_privilege(s.oid, 'USAGE') as may_use, has_schema_privilege(s.oid, 'CREATE') as may_create,
      coalesce((select jsonb_agg('joblib.' || relname order by relname) from foreign_objects), '[]') as foreign_names,
      coalesce((select jsonb_agg(distinct quote_ident(owner)) from foreign_objects), '[]') as owners
    from (select 1) as one left join pg_catalog.pg_namespace as s on s.nspname = 'joblib'`;
  const rights = await readRow(db, select);
  if (rights === undefined) throw new Error("the query of the role's rights returned no row");
  return rights;
}

async function findReadObstacles(orm: Orm): Promise<readonly DatabaseFinding[]> {
  const { role, has_schema, may_use } = await runOnOrm(orm, readRights);
  if (!has_schema || may_use === true) return [];
  const problem = `the database role ${role} may not use the schema joblib`;
  return [
    { kind: "privileges", problem, advice: `run as its owner: GRANT USAGE ON SCHEMA joblib TO ${role};` },
  ];
}

async function findMigrationObstacles(orm: Orm): Promise<readonly DatabaseFinding[]> {
  const rights = await runOnOrm(orm, readRights);
  const { role, database, foreign_names } = rights;
  const report = (problem: string, advice: string): readonly DatabaseFinding[] => [
    { kind: "privileges", problem: `the database role ${role} ${problem}`, advice },
  ];
  if (!rights.has_schema) {
    if (rights.may_create_schema) return [];
    return report(
      "may not create the schema joblib",
      `run as an administrator: CREATE SCHEMA joblib AUTHORIZATION ${role}; (or GRANT CREATE ON DATABASE ${database} TO ${role};)`,
    );
  }
  if (rights.may_create !== true) {
    return report(
      "may not create tables in the schema joblib, so it cannot migrate",
      `migrate with the role that owns the schema, or run as its owner: GRANT USAGE, CREATE ON SCHEMA joblib TO ${role};`,
    );
  }
  if (foreign_names.length === 0) return [];
  const owners = rights.owners.join(", ");
  return report(
    `does not own ${foreign_names.join(", ")}, so it cannot migrate`,
    `migrate with the role ${owners}, or run as that role: GRANT ${owners} TO ${role};`,
  );
}
