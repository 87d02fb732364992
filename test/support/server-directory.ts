import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findUnprivilegedUser } from "./unprivileged-user.ts";
import { startDirectoryWatchdog } from "./watchdog.ts";

/**
 * A temporary directory that belongs to the user who runs the server. It is removed at the latest
 * when this process ends.
 */
export interface ServerDirectory {
  readonly path: string;
  readonly user: { uid: number; gid: number } | undefined;
  remove(): void;
}

/** Creates a directory for a server in the system's directory for temporary files. */
export function createServerDirectory(name: string): ServerDirectory {
  const path = mkdtempSync(join(tmpdir(), `joblib-${name}-`));
  const user = findUnprivilegedUser();
  if (user !== undefined) chownSync(path, user.uid, user.gid);
  const cancelWatchdog = startDirectoryWatchdog(path);

  return {
    path,
    user,
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      cancelWatchdog();
    },
  };
}
