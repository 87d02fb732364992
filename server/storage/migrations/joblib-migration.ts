import { Migration } from "@mikro-orm/migrations";

/**
 * Whether the table with the applied migrations' names exists. Asked of the catalog itself: `to_regclass` answers
 * from the connection's cache, which misses what another server made while this one waited for the lock.
 */
export const HAS_MIGRATION_TABLE = `select exists (
  select 1 from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'joblib' and c.relname = 'migration') as present`;

/**
 * A migration that notes itself in `joblib.migration`, so that it runs once whoever runs it: `joblib migrate`,
 * a server's start, or a host that took our list into its own migrations (and keeps a table of its own).
 */
export abstract class JoblibMigration extends Migration {
  abstract override readonly name: string;

  /** The migration's SQL; it never changes after its release. */
  protected abstract statements(): readonly string[];

  override async up(): Promise<void> {
    const [found] = await this.execute(HAS_MIGRATION_TABLE);
    if (found?.["present"] === true) {
      const applied = await this.execute("select 1 from joblib.migration where name = ?", [this.name]);
      if (applied.length > 0) return;
    } else {
      // PostgreSQL asks `create schema if not exists` for CREATE on the database even if the schema exists.
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
