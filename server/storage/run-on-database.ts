import { requireUrlTls } from "./host-url.ts";
import type { Orm, Sql, Tables } from "./sessions.ts";
import { toStorageError } from "./storage-errors.ts";

/**
 * Runs statements on connections of the ORM, and rethrows failures as storage errors. Throws a SettingsError before it
 * connects if the connection lacks the TLS that its URL requires.
 */
export const runOnDatabase = async <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> => {
  requireUrlTls(orm);
  try {
    return await work(orm.em.fork().getKysely<Tables>());
  } catch (error) {
    throw toStorageError(error);
  }
};
