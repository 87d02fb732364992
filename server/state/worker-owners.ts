import { LRUCache } from "lru-cache";
import { Problem } from "../../protocol/index.ts";
import { type Caller, forbidden } from "../access.ts";
import { isUuid } from "../storage/ids.ts";
import type { Storage } from "../storage/ports/storage.ts";

export function workerNotFound(): Problem {
  return new Problem("worker-not-found", "Worker not found. It may have been removed.");
}

/**
 * Caches the owners of workers. A worker's owner never changes, but a worker in the cache may have
 * been removed.
 */
export class WorkerOwners {
  readonly #ownerIds = new LRUCache<string, string>({ max: 10_000 });
  readonly #storage: Pick<Storage, "workers">;

  constructor(storage: Pick<Storage, "workers">) {
    this.#storage = storage;
  }

  remember(workerId: string, userId: string): void {
    this.#ownerIds.set(workerId, userId);
  }

  forget(workerId: string): void {
    this.#ownerIds.delete(workerId);
  }

  /**
   * Returns the user id of a worker's owner; undefined if no worker has this id. A worker from the
   * cache may have been removed in the meantime.
   */
  async getOwnerId(workerId: string): Promise<string | undefined> {
    if (!isUuid(workerId)) return undefined;
    const cached = this.#ownerIds.get(workerId);
    if (cached !== undefined) return cached;
    const worker = await this.#storage.workers.find(workerId);
    if (worker !== undefined) this.remember(worker.id, worker.userId);
    return worker?.userId;
  }

  /**
   * Throws `worker-not-found` (404) if the worker does not exist, and a 403 problem if it belongs
   * to another user.
   */
  async requireOwner(caller: Caller, workerId: string, allowAdmin = false): Promise<void> {
    const id = workerId.toLowerCase();
    const owner = await this.getOwnerId(id);
    if (owner === caller.actor.id) return;
    // The cache may contain a removed worker. In that case, the response is 404 instead of 403.
    if (owner !== undefined && (await this.#storage.workers.find(id)) !== undefined) {
      if (allowAdmin && caller.actor.isAdmin) return;
      throw forbidden(allowAdmin ? "worker-end" : "worker-owner");
    }
    this.forget(id);
    throw workerNotFound();
  }
}
