import { Migration } from "@mikro-orm/migrations";

/**
 * The query that returns whether the table of applied migrations exists. It reads the catalog, because
 * `to_regclass` uses the session's cache, which may lack tables that another server created while this server
 * waited for the lock.
 */
export const HAS_MIGRATION_TABLE = `select exists (
  select 1 from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'joblib' and c.relname = 'migration') as present`;

/**
 * A migration that records itself in `joblib.migration`, so that it runs only once, whether `joblib migrate`,
 * a starting server, or a host runs it. A host adds joblib's list to its own migrations, which are recorded
 * in another table as well.
 */
export abstract class JoblibMigration extends Migration {
  abstract override readonly name: string;

  /** Returns the SQL of the migration. It must never change after a release. */
  protected abstract statements(): readonly string[];

  override async up(): Promise<void> {
    const [found] = await this.execute(HAS_MIGRATION_TABLE);
    if (found?.["present"] === true) {
      const applied = await this.execute("select 1 from joblib.migration where name = ?", [this.name]);
      if (applied.length > 0) return;
    } else {
      // `create schema if not exists` needs CREATE on the database even if the schema exists.
      const [schema] = await this.execute("select 1 from pg_catalog.pg_namespace where nspname = 'joblib'");
      if (schema === undefined) this.addSql("create schema joblib");
      this.addSql(
        "create table joblib.migration (name text primary key, executed_at timestamptz not null default now())",
      );
    }
    for (const statement of this.statements().flatMap((text) => text.split(";\n"))) this.addSql(statement);
    this.addSql(`insert into joblib.migration (name) values ('${this.name}')`);
  }
}
