import type { ClaimedTaskRecord } from "../storage/claimed-task-record.ts";
import { WakeSignal } from "./long-poll.ts";

/** A claim that waits: for a ring, after which it looks itself, or for a task that is given to it. */
export class WaitingClaim extends WakeSignal {
  readonly workerId: string;
  readonly limit: number;
  /** The tasks come running. */
  readonly start: boolean;
  jobIds: readonly string[] = [];
  #gift: PromiseWithResolvers<ClaimedTaskRecord | undefined> | undefined;

  constructor({ workerId, limit, start }: Pick<WaitingClaim, "workerId" | "limit" | "start">) {
    super();
    this.workerId = workerId;
    this.limit = limit;
    this.start = start;
  }

  /** True while it waits and nothing is on its way to it. */
  get isAvailable(): boolean {
    return this.isWaiting && !this.isNotified && !this.isReserved;
  }

  /** True while a task is on its way to it. */
  get isReserved(): boolean {
    return this.#gift !== undefined;
  }

  /** A task is on its way; it waits for that, however its wait ends. */
  reserve(): void {
    this.#gift = Promise.withResolvers();
  }

  /** What was on its way: a task, or nothing after all, and then it looks itself. */
  give(task: ClaimedTaskRecord | undefined): void {
    this.#gift?.resolve(task);
    if (task === undefined) this.notify();
    else this.release();
  }

  /** The task that it was given while it waited. */
  async taken(): Promise<ClaimedTaskRecord | undefined> {
    const task = await this.#gift?.promise;
    this.#gift = undefined;
    return task;
  }
}
