import type { CompiledQuery, DatabaseConnection, Driver } from "kysely";
import { DatabaseError } from "pg";
import type { Statement } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";

/**
 * Returns true if PostgreSQL rejected a cached plan because the types of its columns have changed, for example by the
 * migration of a newer server. The statement has not been executed.
 */
const isPlanOutdated = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === "RevalidateCachedQuery";

const rejectTransaction = async (): Promise<never> => {
  throw new Error("lookups cannot run in a transaction");
};

/**
 * Runs statements as named prepared statements on a session pool. Each session parses and plans a statement
 * only once.
 */
export class NamedStatements {
  readonly #pool: SessionPool;
  /** A Kysely driver that runs statements as named prepared statements. */
  readonly driver: Driver;

  constructor(pool: SessionPool) {
    this.#pool = pool;
    const connection: DatabaseConnection = {
      executeQuery: async <Row>({ sql, parameters }: CompiledQuery) => ({
        rows: await this.rows<Row>(sql, parameters),
      }),
      // biome-ignore lint/correctness/useYield: streaming is not supported
      async *streamQuery() {
        throw new Error("lookups are not streamed");
      },
    };
    this.driver = {
      init: async () => {},
      acquireConnection: async () => connection,
      releaseConnection: async () => {},
      beginTransaction: rejectTransaction,
      commitTransaction: rejectTransaction,
      rollbackTransaction: rejectTransaction,
      destroy: async () => {},
    };
  }

  async rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const name = this.#pool.statementNames.getName(text);
    try {
      return await this.#run<Row>({ text, values, name });
    } catch (error) {
      if (!isPlanOutdated(error)) throw error;
      this.#pool.statementNames.removeName(text, name);
      return this.#run({ text, values, name: this.#pool.statementNames.getName(text) });
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
