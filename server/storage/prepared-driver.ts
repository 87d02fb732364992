import type { DatabaseConnection, Driver } from "kysely";
import { DatabaseError, type Pool } from "pg";

/** More texts than the hot statements have; beyond it, statements go unnamed. */
const MAX_NAMES = 200;

/** PostgreSQL refuses to run a kept plan whose columns have other types since (a migration of a newer server); nothing ran. */
const isOutdated = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === "RevalidateCachedQuery";

const noTransactions = async (): Promise<never> => {
  throw new Error("hot statements stand alone");
};

/** Runs each statement on any connection of a pool, named, so that a connection parses its text once. */
export class PreparedDriver implements Driver {
  readonly #pool: Pool;
  #names = new Map<string, string>();
  /** How many names there have been, so that a name stands for one text on every connection. */
  #named = 0;
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
    const names = this.#names;
    try {
      return await this.#run<Row>(text, values);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      // All of them anew, by other names: the connections keep the old ones to their end.
      if (names === this.#names) this.#names = new Map();
      return this.#run(text, values);
    }
  }

  async #run<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.#pool.query({ name: this.#nameOf(text), text, values: [...values] });
    return rows;
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) return "";
    const name = `joblib_${this.#named}`;
    this.#named += 1;
    this.#names.set(text, name);
    return name;
  }
}
