import type { AbstractSqlDriver, InferKyselyDB, SqlEntityManager } from "@mikro-orm/postgresql";
import type { Kysely } from "kysely";
import { type JointStatement, type Meter, NO_METER } from "../meter.ts";
import { asStorageError, isRefused, isUndone } from "./away.ts";
import type { entities } from "./entities/entities.ts";

/** The tables as Kysely knows them. */
export type Tables = InferKyselyDB<(typeof entities)[number]>;

/** What statements are run on: the pool, or a transaction. */
export type Sql = Kysely<Tables>;

/** Any MikroORM on PostgreSQL or PGlite whose entities include ours; the host's, or the one that `openDatabase` made. */
export interface Orm {
  readonly em: SqlEntityManager<AbstractSqlDriver>;
  readonly driver: AbstractSqlDriver;
}

/** Ways to run statements; every failure that means "the database is away" leaves as `StorageUnavailable`. */
export interface Sessions {
  /** Statements that stand alone. */
  run<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** The statements that every task goes through, which may have a pool of their own. */
  hot<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** Statements that hold together; each sees what others committed before it began. */
  transaction<Value>(work: (sql: Sql) => Promise<Value>): Promise<Value>;
  /** The work of a statement that many calls share, counted with how many it carries. */
  counted<Wish, Result>(statement: JointStatement, run: Carry<Wish, Result>): Carry<Wish, Result>;
}

type Carry<Wish, Result> = (wishes: readonly Wish[]) => Promise<readonly Result[]>;

const TRIES = 4;

/** Runs work again where the database undid it (a deadlock): nothing of it has happened. */
const persistently = async <Value>(work: () => Promise<Value>): Promise<Value> => {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !isUndone(error)) throw asStorageError(error);
    }
  }
};

/** Opens sessions on the ORM; `hotSql` gives the hot statements another Kysely than the ORM's, for as long as that is let in. */
export const createSessions = (orm: Orm, hotSql?: Sql, meter: Pick<Meter, "stated"> = NO_METER): Sessions => {
  const plain = (): Sql => orm.em.fork().getKysely<Tables>().withSchema("joblib");
  let ownSql = hotSql;
  const hot = async <Value>(work: (sql: Sql) => Promise<Value>): Promise<Value> => {
    if (ownSql === undefined) return work(plain());
    try {
      return await work(ownSql);
    } catch (error) {
      if (!isRefused(error)) throw error;
      ownSql = undefined;
      return work(plain());
    }
  };
  return {
    run: (work) => persistently(() => work(plain())),
    hot: (work) => persistently(() => hot(work)),
    transaction: (work) =>
      persistently(() => plain().transaction().setIsolationLevel("read committed").execute(work)),
    counted: (statement, run) => async (wishes) => {
      const began = performance.now();
      try {
        return await run(wishes);
      } finally {
        meter.stated(statement, wishes.length, (performance.now() - began) / 1000);
      }
    },
  };
};
