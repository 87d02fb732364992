import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";

/** An exclusive lock on a file. The kernel releases it when the process ends for any reason. */
export interface FileLock {
  release(): void;
}

/**
 * If two processes start at the same time, each may see the first, shared lock of the other one. SQLite then
 * retries for this time.
 */
const RETRY_MS = 1_000;
/** SQLITE_BUSY, see https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Locks a file, and creates it if it is missing. Returns undefined if another process has locked it. Uses
 * SQLite, because Node.js has no function for file locks: an open `BEGIN EXCLUSIVE` has a byte-range lock of
 * the kernel (fcntl, LockFileEx). The lock belongs to the file, so it works across containers and paths.
 * Nothing is written. No other code in this process may open and close the file, because on POSIX this
 * releases the lock.
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  // Imported only here, because Node.js 22 prints a warning that SQLite is experimental.
  const { DatabaseSync } = await import("node:sqlite");
  let file: InstanceType<typeof DatabaseSync> | undefined;
  try {
    file = new DatabaseSync(path);
    file.exec(`PRAGMA busy_timeout = ${RETRY_MS}; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE`);
    const locked = file;
    return { release: () => locked.close() };
  } catch (error) {
    file?.close();
    if (getResultCode(error) === SQLITE_BUSY) return undefined;
    // SQLite's own message ("unable to open database file") does not say why.
    checkAccess(path);
    throw error;
  }
}

/** Returns SQLite's primary result code, which is the low byte of the extended result code. */
function getResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return undefined;
  return error.errcode & 0xff;
}

/** Throws the system's error (EACCES, EROFS) if the file cannot be written. */
function checkAccess(path: string): void {
  accessSync(dirname(path), constants.W_OK | constants.X_OK);
  if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
}
