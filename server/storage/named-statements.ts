import type { CompiledQuery, DatabaseConnection, Driver } from "kysely";
import { DatabaseError } from "pg";
import type { Statement } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";

/** PostgreSQL refuses to run a kept plan whose columns have other types since (a newer server's migration); nothing ran. */
const isOutdated = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === "RevalidateCachedQuery";

const noTransactions = async (): Promise<never> => {
  throw new Error("lookups run on their own, without a transaction");
};

/** Runs each statement on any session of a pool, named, so that a session parses and plans its text once. */
export class NamedStatements {
  readonly #pool: SessionPool;
  /** The same for Kysely. */
  readonly driver: Driver;

  constructor(pool: SessionPool) {
    this.#pool = pool;
    const connection: DatabaseConnection = {
      executeQuery: async <Row>({ sql, parameters }: CompiledQuery) => ({
        rows: await this.rows<Row>(sql, parameters),
      }),
      // biome-ignore lint/correctness/useYield: nothing is streamed
      async *streamQuery() {
        throw new Error("lookups are not streamed");
      },
    };
    this.driver = {
      init: async () => {},
      acquireConnection: async () => connection,
      releaseConnection: async () => {},
      beginTransaction: noTransactions,
      commitTransaction: noTransactions,
      rollbackTransaction: noTransactions,
      destroy: async () => {},
    };
  }

  async rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const name = this.#pool.names.nameOf(text);
    try {
      return await this.#run<Row>({ text, values, name });
    } catch (error) {
      if (!isOutdated(error)) throw error;
      this.#pool.names.forget(text, name);
      return this.#run({ text, values, name: this.#pool.names.nameOf(text) });
    }
  }

  async #run<Row>(statement: Statement): Promise<Row[]> {
    const session = await this.#pool.acquire("lookup");
    try {
      return (await session.run<Row>(statement)).rows;
    } finally {
      this.#pool.release(session);
    }
  }
}
