import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { NamedStatements } from "./named-statements.ts";
import type { Tables } from "./orm.ts";
import { SessionDriver } from "./session-driver.ts";
import type { SessionPool } from "./session-pool.ts";

const createDialect = (pool: SessionPool) => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new SessionDriver(pool, "default"),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
});

/** Creates a Kysely instance on the sessions of a pool, for all statements other than lookups. */
export const createDefaultSql = (pool: SessionPool): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: createDialect(pool) });

/** A Kysely instance for the statements that run for every task: index lookups as prepared statements. */
export class LookupSql extends Kysely<Tables> {
  readonly #statements: NamedStatements;

  constructor(pool: SessionPool) {
    const statements = new NamedStatements(pool);
    super({ dialect: { ...createDialect(pool), createDriver: () => statements.driver } });
    this.#statements = statements;
  }

  /** Runs a compiled statement without the overhead of Kysely. */
  rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#statements.rows(text, values);
  }
}
