import { existsSync } from "node:fs";
import type { Settings } from "../server/settings.ts";
import { toStartError } from "./start-server.ts";

const NOWHERE = "memory://";

/** Applies the pending migrations of these settings' database and returns their names, or only returns them. */
export const runMigrations = async (settings: Settings, check: boolean): Promise<readonly string[]> => {
  const [{ openDatabase }, { migrate, checkMigrations }] = await Promise.all([
    import("../server/storage/database.ts"),
    import("../server/storage/migrations/migrate.ts"),
  ]);
  const { database_url: url, data_dir: dataDir } = settings;
  try {
    // A look makes nothing: where no database is yet, all that one would need is pending.
    const embedded = { dataDir: check && !existsSync(dataDir) ? NOWHERE : dataDir };
    const orm = await openDatabase(url === undefined ? embedded : { url });
    try {
      return await (check ? checkMigrations(orm) : migrate(orm));
    } finally {
      await orm.close();
    }
  } catch (error) {
    throw toStartError(error);
  }
};
