import type { CompiledQuery, DatabaseConnection, Driver } from "kysely";
import { DatabaseError } from "pg";
import type { SessionPool } from "./session-pool.ts";

/** More texts than the lookups have; beyond it, statements go unnamed. */
const MAX_NAMES = 200;

/** PostgreSQL refuses to run a kept plan whose columns have other types since (a newer server's migration); nothing ran. */
const isOutdated = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === "RevalidateCachedQuery";

const noTransactions = async (): Promise<never> => {
  throw new Error("lookups run on their own, without a transaction");
};

/** Runs each statement on any session of a pool, named, so that a session parses and plans its text once. */
export class NamedStatements {
  readonly #pool: SessionPool;
  #names = new Map<string, string>();
  /** How many names there have been, so that a name means one text in every session. */
  #count = 0;
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
    const names = this.#names;
    try {
      return await this.#run<Row>(text, values);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      // New names for all of them: the sessions keep the old ones to their end.
      if (names === this.#names) this.#names = new Map();
      return this.#run(text, values);
    }
  }

  async #run<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const session = await this.#pool.acquire("lookup");
    try {
      const name = this.#nameOf(text);
      return (await session.run<Row>({ text, values, ...(name !== undefined && { name }) })).rows;
    } finally {
      this.#pool.release(session);
    }
  }

  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) return undefined;
    const name = `joblib_${this.#count}`;
    this.#count += 1;
    this.#names.set(text, name);
    return name;
  }
}
