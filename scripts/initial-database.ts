import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { create } from "tar";
import { openDatabase } from "../server/storage/database/database.ts";
import { ARCHIVE_DIRECTORY, getPgliteVersion } from "../server/storage/database/initial-database.ts";
import { migrate } from "../server/storage/migrations/migrate.ts";

const MIGRATIONS = join(import.meta.dirname, "..", "server", "storage", "migrations");

/**
 * PostgreSQL settings of new databases. PostgreSQL's default for `shared_buffers`, 128 MB, would
 * increase the memory of a server by 130 MB without making it faster: an embedded database has a
 * single session, and the operating system also caches its files.
 */
const SETTINGS = `
shared_buffers = '32MB'
wal_buffers = '1MB'
max_connections = 10
`;

/**
 * Returns the name of the archive. The name changes with the version of PGlite, with the migrations
 * and with this script.
 */
function getName(): string {
  const hash = createHash("sha256").update(readFileSync(import.meta.filename));
  for (const file of globSync("*.ts", { cwd: MIGRATIONS }).sort())
    hash.update(readFileSync(join(MIGRATIONS, file)));
  return `${getPgliteVersion()}-${hash.digest("hex").slice(0, 16)}.tar.gz`;
}

async function createArchive(file: string): Promise<void> {
  const directory = mkdtempSync(join(ARCHIVE_DIRECTORY, "tmp-"));
  try {
    const orm = await openDatabase({ dataDir: directory });
    await migrate(orm);
    await orm.close();
    appendFileSync(join(directory, "database", "postgresql.conf"), SETTINGS);
    const unfinished = join(directory, "archive.tar.gz");
    await create({ file: unfinished, cwd: join(directory, "database"), gzip: { level: 9 }, portable: true }, [
      ".",
    ]);
    renameSync(unfinished, file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

mkdirSync(ARCHIVE_DIRECTORY, { recursive: true });
const file = join(ARCHIVE_DIRECTORY, getName());
const now = new Date();
// Sets the modification time of an existing archive to the current time, because the build removes
// files that are older than its start.
if (existsSync(file)) {
  utimesSync(file, now, now);
} else {
  // Removes the previous archive first. A new data directory would otherwise be a copy of that
  // archive, which may contain an older version of a migration.
  for (const archive of globSync("*.tar.gz", { cwd: ARCHIVE_DIRECTORY }))
    rmSync(join(ARCHIVE_DIRECTORY, archive));
  await createArchive(file);
}
