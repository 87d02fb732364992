import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import type { Session } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";
import type { PlanMode } from "./session-settings.ts";

/** A pool's session as Kysely uses it. */
class SessionConnection implements DatabaseConnection {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return { rows: (await this.session.run<Row>({ text: sql, values: parameters })).rows };
  }

  // biome-ignore lint/correctness/useYield: nothing is streamed
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("statements are not streamed");
  }
}

/** Kysely's driver on the sessions of a pool; a transaction is always READ COMMITTED. */
export class SessionDriver implements Driver {
  readonly #pool: SessionPool;
  readonly #plans: PlanMode;

  constructor(pool: SessionPool, plans: PlanMode) {
    this.#pool = pool;
    this.#plans = plans;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SessionConnection> {
    return new SessionConnection(await this.#pool.acquire(this.#plans));
  }

  async releaseConnection({ session }: SessionConnection): Promise<void> {
    this.#pool.release(session);
  }

  beginTransaction = ({ session }: SessionConnection): Promise<void> => session.begin();
  commitTransaction = ({ session }: SessionConnection): Promise<void> => session.commit();
  rollbackTransaction = ({ session }: SessionConnection): Promise<void> => session.rollback();

  async destroy(): Promise<void> {}
}
