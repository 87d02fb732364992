import { setTimeout as delay } from "node:timers/promises";
import {
  isPreparedStatementLost,
  isReadOnly,
  isRolledBack,
  isTooManyConnections,
  toStorageError,
} from "./storage-errors.ts";

/** How long work is tried again that the database rolls back. */
const RETRY_FOR_MS = 5_000;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 250;

/** How long a pool that is not ours is asked again for a connection that the server refuses. */
const WAIT_FOR_CONNECTION_MS = 30_000;

/** What to do before work is tried again on another session. */
export interface Recovery {
  /** The session leads to a server that takes no writes. */
  readonly replaceSessions: () => void;
  /** A pooler gave a statement another session than the one that had prepared it. */
  readonly share: () => void;
  /** The sessions are of a pool that waits by itself while the server refuses connections. */
  readonly waitsForConnection: boolean;
}

/** For the sessions of an ORM: one that leads to a read-only server has been ended where that was noticed. */
export const NO_RECOVERY: Recovery = {
  replaceSessions: () => {},
  share: () => {},
  waitsForConnection: false,
};

/**
 * Runs work, and runs it again if nothing of it has happened: after a deadlock or a serialization failure, with growing
 * random waits; and once on a new session if the old one leads to a read-only server, or to a pooler.
 * Failures that are the database's leave as `StorageUnavailable`.
 */
export const withRetries = async <Value>(work: () => Promise<Value>, recovery: Recovery): Promise<Value> => {
  const began = performance.now();
  let wait = FIRST_WAIT_MS;
  let isOnNewSession = false;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isRefused = !recovery.waitsForConnection && isTooManyConnections(error);
      const patienceMs = isRefused ? WAIT_FOR_CONNECTION_MS : isRolledBack(error) ? RETRY_FOR_MS : 0;
      if (performance.now() + wait < began + patienceMs) {
        await delay(wait * Math.random());
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        continue;
      }
      if (isReadOnly(error)) recovery.replaceSessions();
      if (isPreparedStatementLost(error)) recovery.share();
      if (isOnNewSession || !(isReadOnly(error) || isPreparedStatementLost(error)))
        throw toStorageError(error);
      isOnNewSession = true;
    }
  }
};
