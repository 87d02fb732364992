import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import type { Session } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";
import type { PlanMode } from "./session-settings.ts";

/** Adapts a session of a pool to Kysely's connection. */
class SessionConnection implements DatabaseConnection {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return { rows: (await this.session.run<Row>({ text: sql, values: parameters })).rows };
  }

  // biome-ignore lint/correctness/useYield: streaming is not supported
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("statements are not streamed");
  }
}

/** Kysely's driver for the sessions of a pool. Transactions are always READ COMMITTED. */
export class SessionDriver implements Driver {
  readonly #pool: SessionPool;
  readonly #planMode: PlanMode;

  constructor(pool: SessionPool, planMode: PlanMode) {
    this.#pool = pool;
    this.#planMode = planMode;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SessionConnection> {
    return new SessionConnection(await this.#pool.acquire(this.#planMode));
  }

  async releaseConnection({ session }: SessionConnection): Promise<void> {
    this.#pool.release(session);
  }

  beginTransaction = ({ session }: SessionConnection): Promise<void> => session.begin();
  commitTransaction = ({ session }: SessionConnection): Promise<void> => session.commit();
  rollbackTransaction = ({ session }: SessionConnection): Promise<void> => session.rollback();

  async destroy(): Promise<void> {}
}
