import { setTimeout as delay } from "node:timers/promises";
import {
  isPreparedStatementLost,
  isReadOnly,
  isRolledBack,
  isTooManyConnections,
  toStorageError,
} from "./storage-errors.ts";

/** Maximum time to retry work that the database has rolled back. */
const MAX_ROLLBACK_RETRY_MS = 5_000;
const INITIAL_DELAY_MS = 5;
const MAX_DELAY_MS = 250;

/** Maximum time to retry if the server refuses a connection of the ORM's pool. */
const MAX_CONNECTION_RETRY_MS = 30_000;

/** Actions before work is retried on another session. */
export interface Recovery {
  /** Called if the session turned out to be connected to a read-only server. */
  readonly replaceSessions: () => void;
  /** Called if a pooler ran a prepared statement on a session that has not prepared it. */
  readonly shareSessions: () => void;
  /** True if the pool itself waits while the server refuses connections. */
  readonly waitsForConnection: boolean;
}

/**
 * The recovery for sessions of an ORM: `withRetries` only retries, because a session with a read-only server
 * has already been terminated.
 */
export const NO_RECOVERY: Recovery = {
  replaceSessions: () => {},
  shareSessions: () => {},
  waitsForConnection: false,
};

/**
 * Runs work, and retries it if it had no effect: after a deadlock or a serialization failure with random,
 * increasing delays; and once on a new session if the old session is connected to a read-only server or lost
 * a prepared statement. Throws failures of the database as `StorageUnavailable`.
 */
export const withRetries = async <Value>(work: () => Promise<Value>, recovery: Recovery): Promise<Value> => {
  const startedAt = performance.now();
  let delayMs = INITIAL_DELAY_MS;
  let isOnNewSession = false;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isRefused = !recovery.waitsForConnection && isTooManyConnections(error);
      const maxRetryMs = isRefused
        ? MAX_CONNECTION_RETRY_MS
        : isRolledBack(error)
          ? MAX_ROLLBACK_RETRY_MS
          : 0;
      if (performance.now() + delayMs < startedAt + maxRetryMs) {
        await delay(delayMs * Math.random());
        delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
        continue;
      }
      if (isReadOnly(error)) recovery.replaceSessions();
      if (isPreparedStatementLost(error)) recovery.shareSessions();
      if (isOnNewSession || !(isReadOnly(error) || isPreparedStatementLost(error)))
        throw toStorageError(error);
      isOnNewSession = true;
    }
  }
};
