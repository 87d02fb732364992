import type { Orm, Sql, Tables } from "../sessions/orm.ts";
import { NO_RECOVERY, withRetries } from "../sessions/retries.ts";
import { requireUrlTls } from "./host-url.ts";

/**
 * Runs statements on connections of the ORM, and rethrows failures as storage errors. Retries for up to 30 s
 * if the database accepts no more connections. Throws a SettingsError before connecting if the connection
 * does not use the TLS that its URL requires.
 */
export const runOnDatabase = async <Value>(orm: Orm, work: (db: Sql) => Promise<Value>): Promise<Value> => {
  requireUrlTls(orm);
  return withRetries(() => work(orm.em.fork().getKysely<Tables>()), NO_RECOVERY);
};
