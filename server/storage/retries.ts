import { setTimeout as delay } from "node:timers/promises";
import { asStorageError, isReadOnly, isUndone, losesNames } from "./away.ts";

/** How long work is tried again that the database rolls back. */
const RETRY_FOR_MS = 5_000;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 250;

/** What to do before work is tried again on another session. */
export interface Recovery {
  /** The session leads to a server that takes no writes. */
  readonly renew: () => void;
  /** A pooler gave a statement another session than the one that had prepared it. */
  readonly share: () => void;
}

/**
 * Runs work, and runs it again if nothing of it has happened: after a deadlock or a serialization failure, with growing
 * random waits; and once on a new session if the old one leads to a read-only server, or to a pooler.
 * Failures that are the database's leave as `StorageUnavailable`.
 */
export const withRetries = async <Value>(work: () => Promise<Value>, recovery: Recovery): Promise<Value> => {
  const until = performance.now() + RETRY_FOR_MS;
  let wait = FIRST_WAIT_MS;
  let isOnNewSession = false;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (isUndone(error) && performance.now() + wait < until) {
        await delay(wait * Math.random());
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        continue;
      }
      if (isReadOnly(error)) recovery.renew();
      if (losesNames(error)) recovery.share();
      if (isOnNewSession || !(isReadOnly(error) || losesNames(error))) throw asStorageError(error);
      isOnNewSession = true;
    }
  }
};
