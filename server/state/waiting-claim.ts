import type { ClaimedTaskRecord } from "../records.ts";
import type { LinkedJobs } from "../storage/ports/task-queue.ts";
import { WakeSignal } from "./long-poll.ts";

/**
 * A claim request that waits until a task is assigned to it directly, or until a notification wakes
 * it to claim from the database.
 */
export class WaitingClaim extends WakeSignal {
  readonly workerId: string;
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
  /** Undefined while the claim belongs to no group. */
  group: ClaimGroup | undefined;
  /** Position in the order in which claims started to wait. */
  order = 0;
  #assignment: PromiseWithResolvers<ClaimedTaskRecord | undefined> | undefined;

  constructor({ workerId, limit, start }: Pick<WaitingClaim, "workerId" | "limit" | "start">) {
    super();
    this.workerId = workerId;
    this.limit = limit;
    this.start = start;
  }

  get isAvailable(): boolean {
    return this.isWaiting && !this.isNotified && !this.isReserved;
  }

  /** True while a task is being inserted for this claim. */
  get isReserved(): boolean {
    return this.#assignment !== undefined;
  }

  reserve(): void {
    this.#assignment = Promise.withResolvers();
  }

  /**
   * Ends the reservation. If no task was assigned, wakes the claim, which then claims from the
   * database.
   */
  assign(task: ClaimedTaskRecord | undefined): void {
    this.#assignment?.resolve(task);
    if (task === undefined) this.notify();
    else this.release();
  }

  /** Waits for the pending insert, if the claim is reserved. Returns the assigned task, if any. */
  async takeAssignment(): Promise<ClaimedTaskRecord | undefined> {
    const task = await this.#assignment?.promise;
    this.#assignment = undefined;
    return task;
  }
}

/**
 * The waiting claims of all workers with the same jobs. The group, instead of each claim, is
 * subscribed to the event channels of the jobs, because a worker with 3,000 jobs would otherwise
 * subscribe to 3,000 channels for each claim.
 */
export interface ClaimGroup {
  readonly jobs: LinkedJobs;
  /** The claims in the order in which they started to wait. */
  readonly claims: Set<WaitingClaim>;
  /** Resolves once the group is subscribed to the channels of all jobs. */
  readonly subscribed: Promise<unknown>;
  removalTimer: NodeJS.Timeout | undefined;
}
