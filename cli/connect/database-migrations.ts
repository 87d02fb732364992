import { existsSync } from "node:fs";
import type { Settings } from "../../server/settings.ts";
import { toStartError } from "./start-server.ts";

const IN_MEMORY = "memory://";

/** Applies the pending migrations and returns their names. With `check`, only returns the names. */
export async function runMigrations(settings: Settings, check: boolean): Promise<readonly string[]> {
  const [{ openDatabase }, { migrate, checkMigrations }] = await Promise.all([
    import("../../server/storage/database/database.ts"),
    import("../../server/storage/migrations/migrate.ts"),
  ]);
  const { database_url: url, data_dir: dataDir } = settings;
  try {
    // A check must not create a data directory. If there is none, the check uses an empty in-memory
    // database, which has the same pending migrations.
    const embedded = { dataDir: check && !existsSync(dataDir) ? IN_MEMORY : dataDir };
    const orm = await openDatabase(url === undefined ? embedded : { url });
    try {
      return await (check ? checkMigrations(orm) : migrate(orm));
    } finally {
      await orm.close();
    }
  } catch (error) {
    throw toStartError(error);
  }
}
