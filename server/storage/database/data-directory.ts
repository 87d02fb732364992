import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeOwner, isOlderServer, readOwner, removeOwner, writeOwner } from "./directory-owner.ts";
import { lockFile } from "./file-lock.ts";
import { findNetworkFileSystem } from "./network-file-system.ts";

/** A locked data directory. No other process can use it until it is released or this process ends. */
export interface LockedDirectory {
  /** The directory of the database's own files. */
  readonly database: string;
  release(): void;
}

/**
 * Reports that a data directory is in use or cannot be used. The message is one line that says what to do.
 */
export class DataDirectoryError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "DataDirectoryError";
  }
}

/** The file with the kernel's lock. It is never removed, because a new file with the same name would not be locked. */
const LOCK_FILE = "server.lock";
const OWNER_FILE = "lock";

const CHOOSE_ANOTHER = "choose another directory with --data-dir or JOBLIB_DATA_DIR";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user has no permission to write to it",
  EPERM: "this user has no permission to write to it",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full",
  EIO: "the disk reports an error",
  EDQUOT: "the disk quota is used up",
  ENOENT: "it cannot be created there",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "it is a file",
};

/**
 * Error numbers of WASI. PGlite's file system (Emscripten) throws objects with these numbers, which are not
 * instances of Error.
 */
const WASI_CODES: ReadonlyMap<number, string> = new Map([
  [2, "EACCES"],
  [19, "EDQUOT"],
  [29, "EIO"],
  [51, "ENOSPC"],
  [54, "ENOTDIR"],
  [63, "EPERM"],
  [69, "EROFS"],
]);

/** Directories that this process has locked, by device and inode: one directory can have several paths. */
const lockedHere = new Set<string>();

/** Locks a data directory, and creates it if it is missing. Throws a DataDirectoryError if that is not possible. */
export async function lockDataDirectory(path: string): Promise<LockedDirectory> {
  try {
    mkdirSync(path, { recursive: true });
    const database = resolveDatabase(path);
    const parent = dirname(database);
    const { dev, ino } = statSync(parent, { bigint: true });
    const key = `${dev}:${ino}`;
    if (lockedHere.has(key)) throw toInUseError(path, "this process");
    lockedHere.add(key);
    const unmark = () => lockedHere.delete(key);
    const release = await lock(path, parent).catch((error: unknown) => {
      unmark();
      throw error;
    });
    return {
      database,
      release() {
        release();
        unmark();
      },
    };
  } catch (error) {
    throw error instanceof DataDirectoryError ? error : toDataDirectoryError(path, error);
  }
}

/** Returns the directory of the database's files, which may not exist yet. `database` may itself be a symbolic link. */
function resolveDatabase(path: string): string {
  const database = join(realpathSync(path), "database");
  return existsSync(database) ? realpathSync(database) : database;
}

/** Locks the parent directory, because PostgreSQL opens and closes all files in the directory of the database. */
async function lock(path: string, parent: string): Promise<() => void> {
  const ownerFile = join(parent, OWNER_FILE);
  const fileLock = await lockFile(join(parent, LOCK_FILE));
  const owner = readOwner(ownerFile);
  if (fileLock === undefined) throw toInUseError(path, describeOwner(owner), findNetworkFileSystem(parent));
  try {
    // A joblib version without the kernel's lock writes only this file.
    if (owner !== undefined && isOlderServer(owner)) throw toInUseError(path, describeOwner(owner));
    writeOwner(ownerFile);
  } catch (error) {
    fileLock.release();
    throw error;
  }
  return () => {
    removeOwner(ownerFile);
    fileLock.release();
  };
}

function toInUseError(path: string, owner: string, networkFileSystem?: string): DataDirectoryError {
  // For a file system without locks (ENOLCK), SQLite reports the same error as for a lock of another process.
  const hint =
    networkFileSystem === undefined ? "" : `, or its file system (${networkFileSystem}) has no file locks`;
  return new DataDirectoryError(
    `The data directory ${path} is in use by ${owner}${hint}. Stop that server, or ${CHOOSE_ANOTHER}. Several servers can share only a PostgreSQL database (--database-url).`,
  );
}

/** Returns the error for a directory that cannot be used because of a system error. */
export function toDataDirectoryError(path: string, cause: unknown): DataDirectoryError {
  const { code, message } = readError(cause);
  const reason = REASONS[code] ?? message;
  return new DataDirectoryError(
    `The data directory ${path} cannot be used: ${reason} (${code}). Correct that, or ${CHOOSE_ANOTHER}.`,
    cause,
  );
}

function readError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof Error) {
    return { code: "code" in error ? String(error.code) : error.name, message: error.message };
  }
  const number = typeof error === "object" && error !== null && "errno" in error ? Number(error.errno) : NaN;
  return {
    code: WASI_CODES.get(number) ?? `WASI errno ${number}`,
    message: "the database's files cannot be opened",
  };
}
