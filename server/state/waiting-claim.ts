import type { ClaimedTaskRecord } from "../records.ts";
import type { LinkedJobs } from "../storage/ports/task-queue.ts";
import { WakeSignal } from "./long-poll.ts";

/** A claim that waits for a direct assignment, or for a notification to read from the database. */
export class WaitingClaim extends WakeSignal {
  readonly workerId: string;
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
  /** The group that contains the claim. Undefined before it is added. */
  group: ClaimGroup | undefined;
  /** The order in which claims were added. */
  order = 0;
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

  /** Reserves the claim for a task that is being inserted. */
  reserve(): void {
    this.#assignment = Promise.withResolvers();
  }

  /**
   * Ends a reservation. Passes the assigned task to the claim. If there is none, wakes the claim, which then
   * reads from the database.
   */
  assign(task: ClaimedTaskRecord | undefined): void {
    this.#assignment?.resolve(task);
    if (task === undefined) this.notify();
    else this.release();
  }

  /** Waits for the outcome of a pending insert. Returns the task that was assigned, if any. */
  async takeAssignment(): Promise<ClaimedTaskRecord | undefined> {
    const task = await this.#assignment?.promise;
    this.#assignment = undefined;
    return task;
  }
}

/**
 * The waiting claims of workers with the same jobs. A worker with 3,000 jobs claims again after each task, so a claim joins
 * a group, and not each of 3,000 channels.
 */
export interface ClaimGroup {
  readonly jobs: LinkedJobs;
  /** In the order in which they started to wait. */
  readonly claims: Set<WaitingClaim>;
  /** Resolves once the group is subscribed to the channels of all jobs. */
  readonly subscribed: Promise<unknown>;
  removalTimer: NodeJS.Timeout | undefined;
}
