import type { DatabaseConnection, Driver } from "kysely";
import type { Pool } from "pg";

/** More texts than the hot statements have; beyond it, statements go unnamed. */
const MAX_NAMES = 200;

const noTransactions = async (): Promise<never> => {
  throw new Error("hot statements stand alone");
};

/** Runs each statement on any connection of a pool, named, so that a connection parses its text once. */
export class PreparedDriver implements Driver {
  readonly #pool: Pool;
  readonly #names = new Map<string, string>();
  readonly #connection: DatabaseConnection;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#connection = {
      executeQuery: async ({ sql, parameters }) => ({ rows: await this.rows(sql, parameters) }),
      // biome-ignore lint/correctness/useYield: nothing hot is streamed
      async *streamQuery() {
        throw new Error("hot statements are not streamed");
      },
    };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  beginTransaction = noTransactions;
  commitTransaction = noTransactions;
  rollbackTransaction = noTransactions;

  async destroy(): Promise<void> {
    await this.#pool.end();
  }

  async rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.#pool.query({ name: this.#nameOf(text), text, values: [...values] });
    return rows;
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) return "";
    const name = `joblib_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}
