import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import type { Pool } from "pg";
import { PreparedDriver } from "./prepared-driver.ts";
import type { Tables } from "./sessions.ts";

/** Kysely on a pool, each statement named. */
export class HotSql extends Kysely<Tables> {
  readonly #driver: PreparedDriver;

  constructor(pool: Pool) {
    const driver = new PreparedDriver(pool);
    super({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => driver,
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    });
    this.#driver = driver;
  }

  /** Runs a text that is there already, past all that Kysely would make of it. */
  rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#driver.rows(text, values);
  }
}
