import { Migration } from "@mikro-orm/migrations";

/**
 * Selects whether the table of applied migrations exists. Reads the catalog, because `to_regclass`
 * uses the session's cache, which may lack a table that another server created while this session
 * waited for the migration lock.
 */
export const HAS_MIGRATION_TABLE = `select exists (
  select 1 from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'joblib' and c.relname = 'migration') as present`;

/** A migration as MikroORM's `migrationsList` expects it. */
export interface NamedMigration {
  name: string;
  class: new (...parameters: ConstructorParameters<typeof Migration>) => Migration & { up(): Promise<void> };
}

/**
 * Defines a migration that records itself in `joblib.migration`, so that it runs only once, whether
 * `joblib migrate`, a starting server, or the ORM of a host application runs it. The name and the
 * statements must never change after a release, because databases that have applied the migration
 * never run it again.
 */
export function defineMigration(name: string, statements: readonly string[]): NamedMigration {
  class JoblibMigration extends Migration {
    override async up(): Promise<void> {
      const [found] = await this.execute(HAS_MIGRATION_TABLE);
      if (found?.["present"] === true) {
        const applied = await this.execute("select 1 from joblib.migration where name = ?", [name]);
        if (applied.length > 0) return;
      } else {
        // Not `create schema if not exists`, which needs the right CREATE on the database even if
        // the schema exists.
        const [schema] = await this.execute("select 1 from pg_catalog.pg_namespace where nspname = 'joblib'");
        if (schema === undefined) this.addSql("create schema joblib");
        this.addSql(
          "create table joblib.migration (name text primary key, executed_at timestamptz not null default now())",
        );
      }
      for (const statement of statements) this.addSql(statement);
      this.addSql(`insert into joblib.migration (name) values ('${name}')`);
    }
  }
  return { name, class: JoblibMigration };
}
