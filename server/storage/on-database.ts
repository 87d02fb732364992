import { asStorageError } from "./away.ts";
import type { Orm, Sql, Tables } from "./sessions.ts";

/** Runs statements on the ORM's own connections; failures leave as the errors of the storage. */
export const onDatabase = async <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> => {
  try {
    return await work(orm.em.fork().getKysely<Tables>());
  } catch (error) {
    throw asStorageError(error);
  }
};
