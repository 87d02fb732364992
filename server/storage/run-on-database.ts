import { requireUrlTls } from "./host-url.ts";
import type { Orm, Sql, Tables } from "./sessions.ts";
import { toStorageError } from "./storage-errors.ts";

/**
 * Runs statements on the ORM's own connections; failures are rethrown as errors of the storage. Throws a SettingsError
 * before it connects if the connection lacks the TLS that its URL asks for.
 */
export const runOnDatabase = async <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> => {
  requireUrlTls(orm);
  try {
    return await work(orm.em.fork().getKysely<Tables>());
  } catch (error) {
    throw toStorageError(error);
  }
};
