import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";

export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
}

/**
 * The file that a running server locks. It is never removed, because another server could then lock
 * a new file with the same name while the lock of the old file exists.
 */
const LOCK_FILE = "server.lock";
const OWNER_FILE = "lock";

const CHOOSE_ANOTHER = "choose another directory with --data-dir or JOBLIB_DATA_DIR";

const NO_PERMISSION = "this user has no permission to write to it";

/**
 * Reasons why a data directory cannot be used, by error code. `wasi` is the number of the same
 * error in WASI: PGlite's file system throws objects with this number as `errno`, which are not
 * instances of Error.
 */
const REASONS: readonly (readonly [code: string, wasi: number | undefined, reason: string])[] = [
  ["EACCES", 2, NO_PERMISSION],
  ["EPERM", 63, NO_PERMISSION],
  ["EROFS", 69, "it is on a read-only file system"],
  ["ENOSPC", 51, "the disk is full"],
  ["EIO", 29, "the disk reports an error"],
  ["EDQUOT", 19, "the disk quota is used up"],
  ["ENOENT", undefined, "it cannot be created there"],
  ["ENOTDIR", 54, "a part of the path is a file"],
  ["EEXIST", undefined, "it is a file"],
];

/**
 * Creates a data directory if it is missing, and locks it until `release` is called or this process
 * ends. Returns `database`, the directory of PGlite's files, and `release`. Throws a
 * DataDirectoryError if the directory is in use or cannot be used.
 */
export async function lockDataDirectory(path: string) {
  try {
    mkdirSync(path, { recursive: true });
    const database = resolveDatabase(path);
    // The lock file is not in the database directory, because PGlite opens and closes all files in
    // there, which would release the lock.
    return { database, release: await lock(path, dirname(database)) };
  } catch (error) {
    throw error instanceof DataDirectoryError ? error : toDataDirectoryError(path, error);
  }
}

/**
 * Returns the real path of the directory that contains PGlite's files. The directory may be a
 * symbolic link, or not exist yet.
 */
function resolveDatabase(path: string): string {
  const database = join(realpathSync(path), "database");
  return existsSync(database) ? realpathSync(database) : database;
}

async function lock(path: string, directory: string): Promise<() => void> {
  const ownerFile = join(directory, OWNER_FILE);
  const unlock = await lockFile(join(directory, LOCK_FILE));
  const owner = readOwner(ownerFile);
  if (unlock === undefined) throw toInUseError(path, describeOwner(owner), findNetworkFileSystem(directory));
  try {
    if (owner !== undefined && isOlderServer(owner)) throw toInUseError(path, describeOwner(owner));
    // Older versions of joblib, which do not lock the file, read the process id and the start time
    // to detect a running server.
    writeFileSync(ownerFile, `${process.pid} ${readStartTime(process.pid)} ${hostname()}\n`);
  } catch (error) {
    unlock();
    throw error;
  }
  return () => {
    rmSync(ownerFile, { force: true });
    unlock();
  };
}

/**
 * Maximum time for which SQLite retries a busy lock, in milliseconds. Two processes that start at
 * the same time can block each other for a moment, because SQLite acquires a shared lock before the
 * exclusive one.
 */
const RETRY_MS = 1_000;
const SQLITE_BUSY = 5;

/**
 * Locks a file, and creates it if it is missing. Returns a function that releases the lock, or
 * undefined if the file is already locked.
 *
 * Node.js has no function for file locks, so this function opens the file as an SQLite database:
 * `BEGIN EXCLUSIVE` acquires a lock of the kernel (fcntl or LockFileEx). The kernel releases the
 * lock when the process ends, and the lock also excludes processes in other containers. SQLite
 * writes nothing to the file. No other code in this process may open and close the file: on POSIX
 * systems, closing a file releases all locks that the process has on it.
 */
async function lockFile(path: string): Promise<(() => void) | undefined> {
  // The module is imported only here, because Node.js 22 then prints a warning that SQLite is
  // experimental.
  const { DatabaseSync } = await import("node:sqlite");
  let file: InstanceType<typeof DatabaseSync> | undefined;
  try {
    file = new DatabaseSync(path);
    file.exec(`PRAGMA busy_timeout = ${RETRY_MS}; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE`);
    const locked = file;
    return () => locked.close();
  } catch (error) {
    file?.close();
    // The low byte of SQLite's extended result code is the primary result code.
    const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
    if (code === SQLITE_BUSY) return undefined;
    // `accessSync` throws the system's error, which says why the file cannot be opened. SQLite's
    // message ("unable to open database file") does not.
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    throw error;
  }
}

interface DirectoryOwner {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; empty on systems other than Linux. */
  readonly startTime: string;
  readonly host: string | undefined;
}

function readOwner(path: string): DirectoryOwner | undefined {
  const [id, startTime = "", host] = readText(path).trim().split(" ");
  const pid = Number(id);
  return Number.isInteger(pid) && pid > 0 ? { pid, startTime, host } : undefined;
}

/**
 * Returns true if the owner is a running joblib server of an older version, which does not lock the
 * file and writes no host name. Compares the start time, because another process may have the same
 * id by now.
 */
const isOlderServer = ({ pid, startTime, host }: DirectoryOwner): boolean =>
  host === undefined && startTime !== "" && startTime === readStartTime(pid);

function describeOwner(owner: DirectoryOwner | undefined): string {
  if (owner === undefined) return "another server";
  const { pid, startTime, host } = owner;
  const isHere = host === undefined || startTime === readStartTime(pid);
  if (isHere) return pid === process.pid ? "this process" : `process ${pid}`;
  return `process ${pid} of another container or machine (host ${host})`;
}

function readStartTime(pid: number): string {
  // Splits after the command name, which may contain spaces (proc_pid_stat(5)). The start time is
  // field 22, the 20th field after the name.
  return readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[19] ?? "";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function toInUseError(path: string, owner: string, networkFileSystem?: string): DataDirectoryError {
  // SQLite also reports a busy lock if the file system does not support locks (ENOLCK).
  const hint = networkFileSystem && `, or its file system (${networkFileSystem}) has no file locks`;
  return new DataDirectoryError(
    `The data directory ${path} is in use by ${owner}${hint ?? ""}. Stop that server, or ${CHOOSE_ANOTHER}. Several servers can share only a PostgreSQL database (--database-url).`,
  );
}

export function toDataDirectoryError(path: string, cause: unknown): DataDirectoryError {
  const { code, message } = readError(cause);
  const reason = REASONS.find(([name]) => name === code)?.[2] ?? message;
  return new DataDirectoryError(
    `The data directory ${path} cannot be used: ${reason} (${code}). Correct that, or ${CHOOSE_ANOTHER}.`,
    { cause },
  );
}

function readError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof Error) {
    return { code: "code" in error ? String(error.code) : error.name, message: error.message };
  }
  const number = typeof error === "object" && error !== null && "errno" in error ? Number(error.errno) : NaN;
  const code = REASONS.find(([, wasi]) => wasi === number)?.[0] ?? `WASI errno ${number}`;
  return { code, message: "the database's files cannot be opened" };
}

/**
 * Names of file systems that another machine or kernel may have mounted as well, by their `f_type`
 * (statfs(2)).
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smb"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x01021997, "9p"],
  [0x65735546, "fuse"],
  [0x786f4256, "vboxsf"],
  [0x00c36400, "ceph"],
  [0x0bd00bd0, "lustre"],
  [0x47504653, "gpfs"],
  [0x19830326, "beegfs"],
  [0x01161970, "gfs2"],
  [0x7461636f, "ocfs2"],
  [0x5346414f, "afs"],
  [0x6b414653, "afs"],
  [0x73757245, "coda"],
]);

/**
 * Returns the name of the network file system that contains a path; undefined for a local file
 * system, and on systems other than Linux.
 */
export function findNetworkFileSystem(
  path: string,
  statfs: (path: string) => { readonly type: number } = statfsSync,
): string | undefined {
  if (process.platform !== "linux") return undefined;
  // Converts the 32-bit number to unsigned, because Node.js may return it as a negative number.
  return NETWORK_FILE_SYSTEMS.get(statfs(path).type >>> 0);
}
