import type { AbstractSqlDriver, InferKyselyDB, SqlEntityManager } from "@mikro-orm/postgresql";
import { type Kysely, sql } from "kysely";
import { type BatchedStatement, type Meter, NO_METER } from "../meter.ts";
import type { entities } from "./entities/entities.ts";
import { runInHostTransaction, runOnOrm } from "./host-transaction.ts";
import { NO_RECOVERY, withRetries } from "./retries.ts";
import type { SessionPool } from "./session-pool.ts";
import { createDefaultSql, LookupSql } from "./session-sql.ts";

/** The tables as Kysely knows them. */
export type Tables = InferKyselyDB<(typeof entities)[number]>;

/** What statements are run on: the pool, or a transaction. */
export type Sql = Kysely<Tables>;

/** Any MikroORM on PostgreSQL or PGlite whose entities include ours; the host's, or the one that `openDatabase` made. */
export interface Orm {
  readonly em: SqlEntityManager<AbstractSqlDriver>;
  readonly driver: AbstractSqlDriver;
  /** @internal Its one session has joblib's settings already. */
  readonly hasSessionSettings?: boolean;
}

/**
 * Ways to run statements. Work may be run more than once, if the database undid the first try. Every failure that is the
 * database's leaves as `StorageUnavailable`.
 */
export interface Sessions {
  /** Runs statements, each on its own. */
  run<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** Runs the statements that every task goes through: lookups by an index, each on its own. */
  runPrepared<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** Runs statements in one transaction; each sees what others committed before it began. */
  transaction<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** Runs statements that no transaction may contain. */
  runOutsideTransaction<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /**
   * Runs work unless another server is at it; false if one is. The lock only saves work: it is given up if the work
   * needs the connection that holds it.
   */
  withLock(name: string, work: () => Promise<void>): Promise<boolean>;
  /** Counts a statement that many calls share, with how many it carries. */
  measureBatches<Wish, Result>(statement: BatchedStatement, run: Carry<Wish, Result>): Carry<Wish, Result>;
}

type Carry<Wish, Result> = (wishes: readonly Wish[]) => Promise<readonly Result[]>;
type Run = <Value>(work: (sql: Sql) => Promise<Value>) => Promise<Value>;

const tryLock = async (db: Sql, name: string): Promise<boolean> => {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as taken`.execute(db);
  return rows[0]?.taken === true;
};

/** Holds the lock in a transaction of its own until the work is done, or until connections run out. */
const lockedOn =
  (pool: SessionPool, transaction: Run): Sessions["whileLocked"] =>
  async (name, work) => {
    if (!pool.hasSpareSession) {
      await work();
      return true;
    }
    const scarce = Promise.withResolvers<void>();
    const forget = pool.onConnectionRefused(scarce.resolve);
    let working: Promise<void> | undefined;
    try {
      const isTaken = await transaction(async (db) => {
        if (working === undefined && !(await tryLock(db, name))) return false;
        working ??= work();
        await Promise.race([working, scarce.promise]);
        return true;
      });
      await working;
      return isTaken;
    } finally {
      forget();
      // If the lock's own connection failed, the work still comes to its end first.
      await working?.catch(() => {});
    }
  };

const lockedBeside =
  (transaction: Run): Sessions["whileLocked"] =>
  (name, work) =>
    transaction(async (db) => {
      if (!(await tryLock(db, name))) return false;
      await work();
      return true;
    });

const counterFor =
  (meter: Pick<Meter, "stated">): Sessions["counted"] =>
  (statement, run) =>
  async (wishes) => {
    const began = performance.now();
    try {
      return await run(wishes);
    } finally {
      meter.statementExecuted(statement, wishes.length, (performance.now() - began) / 1000);
    }
  };

/** Sessions of joblib's own. */
const sessionsOn = (pool: SessionPool, counted: Sessions["counted"]): Sessions => {
  const free = createDefaultSql(pool).withSchema("joblib");
  const lookup = new LookupSql(pool);
  const recovery = {
    replaceSessions: () => pool.replaceSessions(),
    share: () => pool.share(),
    waitsForConnection: true,
  };
  const run: Run = (work) => withRetries(() => work(free), recovery);
  const transaction: Run = (work) => withRetries(() => free.transaction().execute(work), recovery);
  return {
    run,
    runPrepared: (work) => withRetries(() => work(lookup), recovery),
    transaction,
    runOutsideTransaction: run,
    withLock: lockedOn(pool, transaction),
    measureBatches: counted,
  };
};

/** The ORM's own sessions: the host's, whose settings are not ours to change, or the embedded database's only one. */
const sessionsOf = (orm: Orm, counted: Sessions["counted"]): Sessions => {
  const outside: Run = (work) => withRetries(() => runOnOrm(orm, work), NO_RECOVERY);
  const pinned: Run = (work) => withRetries(() => runInHostTransaction(orm, work), NO_RECOVERY);
  const bareTransaction: Run = (work) =>
    withRetries(
      () => runOnOrm(orm, (db) => db.transaction().setIsolationLevel("read committed").execute(work)),
      NO_RECOVERY,
    );
  const transaction = orm.hasSessionSettings === true ? bareTransaction : pinned;
  const run = orm.hasSessionSettings === true ? outside : pinned;
  return {
    run,
    runPrepared: run,
    transaction,
    runOutsideTransaction: outside,
    withLock: lockedBeside(transaction),
    measureBatches: counted,
  };
};

/** Creates sessions: on a pool of joblib's own, or on the ORM. */
export const createSessions = (
  orm: Orm,
  pool?: SessionPool,
  meter: Pick<Meter, "stated"> = NO_METER,
): Sessions =>
  pool === undefined ? sessionsOf(orm, counterFor(meter)) : sessionsOn(pool, counterFor(meter));
