import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DIST_DIRECTORY } from "../../package.ts";
import { toDataDirectoryError } from "./data-directory.ts";

/**
 * Creates a database by unpacking an archive that was built with all migrations. The directory must
 * not exist yet. `initdb` and the migrations would take several times as long and 200 MB more
 * memory. Does nothing if the archive does not exist, because joblib was not built, or if another
 * version of PGlite created the archive.
 */
export async function unpackInitialDatabase(dataDir: string, directory: string): Promise<void> {
  const archive = findArchive();
  if (archive === undefined) return;
  const { extract } = await import("tar");
  const unfinished = `${directory}.new`;
  try {
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    await extract({ file: archive, cwd: unfinished });
    // Renamed only after all files are written, so that an interrupted extraction leaves no
    // incomplete database.
    renameSync(unfinished, directory);
  } catch (error) {
    throw toDataDirectoryError(dataDir, error);
  }
}

/**
 * The directory of the archive, which `scripts/initial-database.ts` creates. The archive's name
 * begins with the version of PGlite.
 */
export const ARCHIVE_DIRECTORY: string = join(DIST_DIRECTORY, "initial-database");

export function getPgliteVersion(): string {
  const driver = findPackageJSON("@mikro-orm/pglite", import.meta.url);
  const pglite = driver && findPackageJSON("@electric-sql/pglite", pathToFileURL(driver));
  if (pglite === undefined) throw new Error("the package @electric-sql/pglite is not installed");
  const { version }: { version: string } = JSON.parse(readFileSync(pglite, "utf8"));
  return version;
}

function findArchive(): string | undefined {
  if (!existsSync(ARCHIVE_DIRECTORY)) return undefined;
  const prefix = `${getPgliteVersion()}-`;
  const name = readdirSync(ARCHIVE_DIRECTORY).find((file) => file.startsWith(prefix));
  return name === undefined ? undefined : join(ARCHIVE_DIRECTORY, name);
}
