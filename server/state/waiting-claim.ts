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
  /** The group of the claim; undefined if it does not belong to a group. */
  group: ClaimGroup | undefined;
  /** A number that is higher for claims that started to wait later. */
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

  /** True while a task is being inserted that will be assigned to this claim. */
  get isReserved(): boolean {
    return this.#assignment !== undefined;
  }

  reserve(): void {
    this.#assignment = Promise.withResolvers();
  }

  /**
   * Ends the reservation with the task that was assigned to the claim. If no task was assigned,
   * wakes the claim, so that it looks for tasks in the database.
   */
  assign(task: ClaimedTaskRecord | undefined): void {
    this.#assignment?.resolve(task);
    if (task === undefined) this.notify();
    else this.release();
  }

  /**
   * If the claim is reserved, waits for the insert of the task. Returns the task if it was assigned
   * to the claim.
   */
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
