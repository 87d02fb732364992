import { sql } from "kysely";
import type { BatchedStatement, Meter } from "../../ports.ts";
import { NO_METER } from "../../prometheus/no-meter.ts";
import { runInHostTransaction, runOnOrm } from "./host-transaction.ts";
import type { Orm, Sql } from "./orm.ts";
import { NO_RECOVERY, withRetries } from "./retries.ts";
import type { SessionPool } from "./session-pool.ts";
import { createDefaultSql, LookupSql } from "./session-sql.ts";

/**
 * Runs statements. `work` may run more than once if the database has rolled back an earlier attempt. Failures of the
 * database are thrown as `StorageUnavailable`.
 */
export interface Sessions {
  /** Runs statements without a transaction. */
  run<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /**
   * Runs the statements that are needed for every task. They are index lookups, run as prepared statements
   * without a transaction.
   */
  runPrepared<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** Runs statements in one READ COMMITTED transaction. */
  transaction<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** Runs statements that PostgreSQL does not allow in a transaction, such as VACUUM. */
  runOutsideTransaction<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /**
   * Runs work while this server has an advisory lock. Returns false if another server has the lock. The lock
   * only avoids duplicate work, so it is released early if the work needs its connection.
   */
  withLock(name: string, work: () => Promise<void>): Promise<boolean>;
  /** Wraps a batched statement so that the meter records its number of calls and its duration. */
  measureBatches<Call, Result>(
    statement: BatchedStatement,
    run: RunBatch<Call, Result>,
  ): RunBatch<Call, Result>;
}

type RunBatch<Call, Result> = (calls: readonly Call[]) => Promise<readonly Result[]>;
type Run = <Value>(work: (sql: Sql) => Promise<Value>) => Promise<Value>;

const tryLock = async (db: Sql, name: string): Promise<boolean> => {
  const { rows } = await sql<{ is_locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as is_locked`.execute(db);
  return rows[0]?.is_locked === true;
};

/**
 * Creates `withLock` for a pool. A separate transaction keeps the lock until the work is done or the server
 * refuses a connection.
 */
const createPoolLock =
  (pool: SessionPool, transaction: Run): Sessions["withLock"] =>
  async (name, work) => {
    if (!pool.hasSpareSession) {
      await work();
      return true;
    }
    const refused = Promise.withResolvers<void>();
    const removeListener = pool.onConnectionRefused(refused.resolve);
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
      removeListener();
      // If the connection with the lock failed, wait for the work anyway.
      await working?.catch(() => {});
    }
  };

const createOrmLock =
  (transaction: Run): Sessions["withLock"] =>
  (name, work) =>
    transaction(async (db) => {
      if (!(await tryLock(db, name))) return false;
      await work();
      return true;
    });

const createMeasureBatches =
  (meter: Pick<Meter, "statementExecuted">): Sessions["measureBatches"] =>
  (statement, run) =>
  async (calls) => {
    const startedAt = performance.now();
    try {
      return await run(calls);
    } finally {
      meter.statementExecuted(statement, calls.length, (performance.now() - startedAt) / 1000);
    }
  };

/** Creates sessions on a pool that joblib has opened. */
const createPoolSessions = (pool: SessionPool, measureBatches: Sessions["measureBatches"]): Sessions => {
  const db = createDefaultSql(pool).withSchema("joblib");
  const lookup = new LookupSql(pool);
  const recovery = {
    replaceSessions: () => pool.replaceSessions(),
    shareSessions: () => pool.shareSessions(),
    waitsForConnection: true,
  };
  const run: Run = (work) => withRetries(() => work(db), recovery);
  const transaction: Run = (work) => withRetries(() => db.transaction().execute(work), recovery);
  return {
    run,
    runPrepared: (work) => withRetries(() => work(lookup), recovery),
    transaction,
    runOutsideTransaction: run,
    withLock: createPoolLock(pool, transaction),
    measureBatches,
  };
};

/**
 * Creates sessions on the ORM. These are sessions of the host, whose settings joblib must not change, or the
 * only session of the embedded database.
 */
const createOrmSessions = (orm: Orm, measureBatches: Sessions["measureBatches"]): Sessions => {
  const runWithoutSettings: Run = (work) => withRetries(() => runOnOrm(orm, work), NO_RECOVERY);
  const runWithSettings: Run = (work) => withRetries(() => runInHostTransaction(orm, work), NO_RECOVERY);
  const runInPlainTransaction: Run = (work) =>
    withRetries(
      () => runOnOrm(orm, (db) => db.transaction().setIsolationLevel("read committed").execute(work)),
      NO_RECOVERY,
    );
  const transaction = orm.hasSessionSettings === true ? runInPlainTransaction : runWithSettings;
  const run = orm.hasSessionSettings === true ? runWithoutSettings : runWithSettings;
  return {
    run,
    runPrepared: run,
    transaction,
    runOutsideTransaction: runWithoutSettings,
    withLock: createOrmLock(transaction),
    measureBatches,
  };
};

/** Creates sessions on joblib's own pool, or on the ORM if joblib cannot open one. */
export const createSessions = (
  orm: Orm,
  pool?: SessionPool,
  meter: Pick<Meter, "statementExecuted"> = NO_METER,
): Sessions =>
  pool === undefined
    ? createOrmSessions(orm, createMeasureBatches(meter))
    : createPoolSessions(pool, createMeasureBatches(meter));
