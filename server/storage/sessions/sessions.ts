import { setTimeout as delay } from "node:timers/promises";
import {
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from "kysely";
import type { BatchedStatement, Meter } from "../../ports.ts";
import { NO_METER } from "../../prometheus/no-meter.ts";
import { readRow, readRows } from "../sql/statement.ts";
import type { Orm, Sql, Tables } from "./orm.ts";
import type { Session } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";
import { buildTransactionSettings, DEFAULT_STATEMENT_TIMEOUT_MS, type PlanMode } from "./session-settings.ts";
import {
  isPlanOutdated,
  isPreparedStatementLost,
  isReadOnly,
  isRolledBack,
  isTooManyConnections,
  toStorageError,
} from "./storage-errors.ts";

type Run = <Value>(work: (sql: Sql) => Promise<Value>) => Promise<Value>;
type RunBatch<Call, Result> = (calls: readonly Call[]) => Promise<readonly Result[]>;

interface Runners {
  run: Run;
  /**
   * Runs the statements that are needed for every task: prepared index lookups without a
   * transaction.
   */
  runPrepared: Run;
  transaction: Run;
  /** Runs statements that PostgreSQL does not allow in a transaction, such as VACUUM. */
  runOutsideTransaction: Run;
}

/**
 * Runs statements. `work` may run more than once, if the database has rolled back an earlier
 * attempt. Throws failures of the database as `StorageUnavailable`.
 */
export interface Sessions extends Runners {
  readRows: <Row>(statement: RawBuilder<Row>) => Promise<Row[]>;
  readRow: <Row>(statement: RawBuilder<Row>) => Promise<Row | undefined>;
  /**
   * Runs `work` while this server has an advisory lock. Returns false if another server has the
   * lock. The lock only avoids duplicate work, so it is released early if `work` needs the
   * connection that has the lock.
   */
  withLock(name: string, work: () => Promise<void>): Promise<boolean>;
  /** Wraps a batched statement so that the meter records its number of calls and its duration. */
  measureBatches<Call, Result>(
    statement: BatchedStatement,
    run: RunBatch<Call, Result>,
  ): RunBatch<Call, Result>;
}

export function createSessions(
  orm: Orm,
  pool?: SessionPool,
  meter: Pick<Meter, "statementExecuted"> = NO_METER,
): Sessions {
  const runners = pool === undefined ? createOrmRunners(orm) : createPoolRunners(pool);
  return {
    ...runners,
    readRows: (statement) => runners.run((db) => readRows(db, statement)),
    readRow: (statement) => runners.run((db) => readRow(db, statement)),
    withLock: (name, work) => runWithLock(name, work, runners.transaction, pool),
    measureBatches: (statement, run) => async (calls) => {
      const startedAt = performance.now();
      try {
        return await run(calls);
      } finally {
        meter.statementExecuted(statement, calls.length, (performance.now() - startedAt) / 1000);
      }
    },
  };
}

function createPoolRunners(pool: SessionPool): Runners {
  const db = createSql(pool, "default").withSchema("joblib");
  const lookup = createSql(pool, "lookup");
  const run: Run = (work) => withRetries(() => work(db), pool);
  return {
    run,
    runPrepared: (work) => withRetries(() => work(lookup), pool),
    transaction: (work) => withRetries(() => db.transaction().execute(work), pool),
    runOutsideTransaction: run,
  };
}

export const createSql = (pool: SessionPool, planMode: PlanMode): Sql =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => createDriver(pool, planMode),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });

const createDriver = (pool: SessionPool, planMode: PlanMode): Driver => ({
  init: async () => {},
  acquireConnection: () => pool.acquire(planMode),
  releaseConnection: async (session: Session) => pool.release(session),
  beginTransaction: (session: Session) => session.begin(),
  commitTransaction: (session: Session) => session.commit(),
  rollbackTransaction: (session: Session) => session.rollback(),
  destroy: async () => {},
});

/**
 * Runs on the only session of the embedded database, or on sessions of the host application, whose
 * settings joblib must not change.
 */
function createOrmRunners(orm: Orm): Runners {
  const runOutsideTransaction: Run = (work) => runOnOrm(orm, work);
  if (orm.hasSessionSettings === true) {
    const run = runOutsideTransaction;
    const transaction: Run = (work) =>
      run((db) => db.transaction().setIsolationLevel("read committed").execute(work));
    return { run, runPrepared: run, transaction, runOutsideTransaction };
  }
  const run: Run = (work) => withRetries(() => runInOrmTransaction(orm, work));
  return { run, runPrepared: run, transaction: run, runOutsideTransaction };
}

const getKysely = (orm: Orm): Sql => orm.em.fork().getKysely<Tables>().withSchema("joblib");

export const runOnOrm = <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> =>
  withRetries(() => work(getKysely(orm)));

/**
 * Runs work in a transaction on a session of the ORM, without retries. Sets the PostgreSQL settings
 * that joblib needs for this transaction only, because the session belongs to the ORM.
 */
export function runInOrmTransaction<Value>(
  orm: Orm,
  work: (db: Sql) => Promise<Value>,
  statementTimeoutMs = DEFAULT_STATEMENT_TIMEOUT_MS,
): Promise<Value> {
  const settings = sql.raw(buildTransactionSettings({ planMode: "default", statementTimeoutMs }));
  return getKysely(orm)
    .connection()
    .execute(async (db) => {
      const transaction = db.transaction().setIsolationLevel("read committed");
      try {
        return await transaction.execute(async (tx) => {
          await settings.execute(tx);
          return work(tx);
        });
      } catch (error) {
        // Terminates a session with a read-only PostgreSQL server, so that the session does not
        // return to the pool of the host application.
        if (isReadOnly(error)) {
          const terminate = sql`select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())`;
          await terminate.execute(db).catch(() => {});
        }
        throw error;
      }
    });
}

/**
 * Runs `work` while a separate transaction has the lock. The transaction ends when `work` is done.
 * It also ends when PostgreSQL refuses a new connection, to free its own connection for `work`. If
 * the pool has too few sessions, runs `work` without the lock.
 */
async function runWithLock(
  name: string,
  work: () => Promise<void>,
  transaction: Run,
  pool: SessionPool | undefined,
): Promise<boolean> {
  if (pool?.hasSpareSession === false) {
    await work();
    return true;
  }
  const refused = Promise.withResolvers<void>();
  const removeListener = pool?.limit.onRefused(refused.resolve);
  let working: Promise<void> | undefined;
  try {
    const isLocked = await transaction(async (db) => {
      if (working === undefined && !(await tryLock(db, name))) return false;
      working ??= work();
      await Promise.race([working, refused.promise]);
      return true;
    });
    await working;
    return isLocked;
  } finally {
    removeListener?.();
    // If the connection with the lock failed, wait for the work anyway.
    await working?.catch(() => {});
  }
}

async function tryLock(db: Sql, name: string): Promise<boolean> {
  const lock = sql<{ is_locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as is_locked`;
  return (await readRow(db, lock))?.is_locked === true;
}

/** Maximum time to retry work that the database has rolled back, in milliseconds. */
const MAX_ROLLBACK_RETRY_MS = 5_000;
const INITIAL_DELAY_MS = 5;
const MAX_DELAY_MS = 250;

/**
 * Maximum time to retry, in milliseconds, if PostgreSQL refuses a connection of the ORM's pool.
 * joblib's own pool needs no retries, because its calls wait for a free session.
 */
const MAX_CONNECTION_RETRY_MS = 30_000;

/**
 * Runs `work`, and retries it if it had no effect. After a deadlock or a serialization failure, it
 * waits for random, increasing delays. It retries once on a new session if the old session is
 * connected to a read-only server, lost a prepared statement or has an outdated plan. Sessions of
 * an ORM have no `pool`. Throws failures of the database as `StorageUnavailable`.
 */
export async function withRetries<Value>(
  work: () => Promise<Value>,
  pool?: Pick<SessionPool, "replaceSessions" | "shareSessions">,
): Promise<Value> {
  const startedAt = performance.now();
  let delayMs = INITIAL_DELAY_MS;
  let isOnNewSession = false;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() + delayMs < startedAt + getMaxRetryMs(error, pool === undefined)) {
        await delay(delayMs * Math.random());
        delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
        continue;
      }
      const mustShare = isPreparedStatementLost(error);
      const mustReplace = isReadOnly(error) || isPlanOutdated(error);
      if (mustShare) pool?.shareSessions();
      if (mustReplace) pool?.replaceSessions();
      if (isOnNewSession || !(mustShare || mustReplace)) throw toStorageError(error);
      isOnNewSession = true;
    }
  }
}

function getMaxRetryMs(error: unknown, isOrm: boolean): number {
  if (isOrm && isTooManyConnections(error)) return MAX_CONNECTION_RETRY_MS;
  return isRolledBack(error) ? MAX_ROLLBACK_RETRY_MS : 0;
}
