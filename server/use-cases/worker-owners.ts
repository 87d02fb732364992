import { Problem } from "../../protocol/index.ts";
import { type Caller, forbidden } from "../access.ts";
import { isUuid } from "../storage/ids.ts";
import type { Storage } from "../storage/storage.ts";

const MAX_KNOWN = 10_000;

/** The 404 of a worker. */
export const workerNotFound = (): Problem =>
  new Problem("worker-not-found", "There is no such worker, or it is gone.");

/** Whose each worker is: it never changes, so each is read once. Whether it is still there is the statement's business. */
export class WorkerOwners {
  readonly #known = new Map<string, string>();
  readonly #storage: Pick<Storage, "workers">;

  constructor(storage: Pick<Storage, "workers">) {
    this.#storage = storage;
  }

  remember(workerId: string, userId: string): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(workerId, userId);
  }

  forget(workerId: string): void {
    this.#known.delete(workerId);
  }

  /** The user's id; undefined for a worker that is gone or never was. A remembered one may be gone since. */
  async of(workerId: string): Promise<string | undefined> {
    if (!isUuid(workerId)) return undefined;
    const known = this.#known.get(workerId);
    if (known !== undefined) return known;
    const worker = await this.#storage.workers.find(workerId);
    if (worker !== undefined) this.remember(worker.id, worker.userId);
    return worker?.userId;
  }

  /** 404 where there is no such worker, 403 where it is another's. */
  async require(caller: Caller, workerId: string, alsoAdmin = false): Promise<void> {
    const id = workerId.toLowerCase();
    const owner = this.#known.get(id) ?? (await this.of(id));
    if (owner === caller.actor.id) return;
    // Who is about to be told 403 might be told 404: look again.
    if (owner !== undefined && (await this.#storage.workers.find(id)) !== undefined) {
      if (alsoAdmin && caller.actor.isAdmin) return;
      throw forbidden("worker-owner");
    }
    this.forget(id);
    throw workerNotFound();
  }
}
