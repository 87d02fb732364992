import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A data directory that this process alone may use, until it lets go or ends. */
export interface HeldDirectory {
  /** Where the database's own files belong. */
  readonly database: string;
  release(): void;
}

/** The data directory is another process's, or cannot be used at all; the message is one line for a person. */
export class DataDirectoryError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "DataDirectoryError";
  }
}

const heldHere = new Set<string>();

/** When a process began, where the system tells it (Linux): an id alone may have gone to another since. */
const startOf = (pid: number): string => {
  try {
    // The command's name stands in parentheses and may hold anything, so fields are counted from the last one.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19] ?? "";
  } catch {
    return "";
  }
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** The living process that a lock names, if it does. */
const ownerOf = (lock: string): number | undefined => {
  const [id, start] = lock.trim().split(" ");
  const pid = Number(id);
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid || !isRunning(pid)) return undefined;
  return start === undefined || start === "" || start === startOf(pid) ? pid : undefined;
};

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
};

/** Makes the lock appear with its content at once; false where there is one already. */
const tryToPlace = (lock: string): boolean => {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}\n`);
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
};

/** Moves a dead process's lock away, unless another process was quicker and the lock is now its own. */
const clearAway = (lock: string, dead: string): void => {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (read(aside) !== dead) linkSync(aside, lock);
  rmSync(aside, { force: true });
};

const take = (path: string, lock: string): void => {
  for (let tries = 0; tries < 10; tries += 1) {
    if (tryToPlace(lock)) return;
    const content = read(lock);
    const owner = content === undefined ? undefined : ownerOf(content);
    if (owner !== undefined) throw new DataDirectoryError(`${path} is in use by process ${owner}`);
    if (content !== undefined) clearAway(lock, content);
  }
  throw new DataDirectoryError(`${path} is in use by another process`);
};

/** Takes a data directory for this process, making it where it is not there; a dead process's hold is taken over. */
export const holdDataDirectory = (path: string): HeldDirectory => {
  try {
    mkdirSync(path, { recursive: true });
    const real = realpathSync(path);
    if (heldHere.has(real)) throw new DataDirectoryError(`${path} is in use by this process already`);
    const lock = join(real, "lock");
    take(path, lock);
    heldHere.add(real);
    const release = () => {
      if (heldHere.delete(real)) rmSync(lock, { force: true });
    };
    return { database: join(real, "database"), release };
  } catch (error) {
    if (error instanceof DataDirectoryError) throw error;
    throw new DataDirectoryError(`${path} cannot be used as data directory (${codeOf(error)})`, error);
  }
};
