import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { NamedStatements } from "./named-statements.ts";
import { SessionDriver } from "./session-driver.ts";
import type { SessionPool } from "./session-pool.ts";
import type { Tables } from "./sessions.ts";

const dialectOn = (pool: SessionPool) => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new SessionDriver(pool, "free"),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
});

/** Kysely on the sessions of a pool, for statements that the planner plans freely. */
export const createDefaultSql = (pool: SessionPool): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: dialectOn(pool) });

/** Kysely for the statements that every task goes through: lookups, each parsed and planned once for a session. */
export class LookupSql extends Kysely<Tables> {
  readonly #statements: NamedStatements;

  constructor(pool: SessionPool) {
    const statements = new NamedStatements(pool);
    super({ dialect: { ...dialectOn(pool), createDriver: () => statements.driver } });
    this.#statements = statements;
  }

  /** Runs a text that is already compiled, without Kysely's own work for each statement. */
  rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#statements.rows(text, values);
  }
}
