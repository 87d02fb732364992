import type { ClaimedTaskRecord } from "../records.ts";
import { WakeSignal } from "./long-poll.ts";

/**
 * A claim that waits for a notification or a direct assignment. After a notification, it reads from the
 * database.
 */
export class WaitingClaim extends WakeSignal {
  readonly workerId: string;
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
  jobIds: readonly string[] = [];
  #assignment: PromiseWithResolvers<ClaimedTaskRecord | undefined> | undefined;

  constructor({ workerId, limit, start }: Pick<WaitingClaim, "workerId" | "limit" | "start">) {
    super();
    this.workerId = workerId;
    this.limit = limit;
    this.start = start;
  }

  /** True if the claim waits, has not been notified and is not reserved. */
  get isAvailable(): boolean {
    return this.isWaiting && !this.isNotified && !this.isReserved;
  }

  /** True while a task is being inserted for this claim. */
  get isReserved(): boolean {
    return this.#assignment !== undefined;
  }

  /**
   * Reserves the claim for a task that is being inserted. `takeAssignment` waits for the outcome of the
   * insert, even if the claim stops waiting earlier.
   */
  reserve(): void {
    this.#assignment = Promise.withResolvers();
  }

  /** Ends a reservation. Passes the assigned task; without one, the claim reads from the database itself. */
  assign(task: ClaimedTaskRecord | undefined): void {
    this.#assignment?.resolve(task);
    if (task === undefined) this.notify();
    else this.release();
  }

  /** Waits until a pending reservation has ended. Returns the task that was assigned, if any. */
  async takeAssignment(): Promise<ClaimedTaskRecord | undefined> {
    const task = await this.#assignment?.promise;
    this.#assignment = undefined;
    return task;
  }
}
