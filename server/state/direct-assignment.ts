import type { ChooseAssignee, ClaimedTaskRecord } from "../records.ts";
import type { WaitingClaim } from "./waiting-claim.ts";
import type { WaitingClaims } from "./waiting-claims.ts";

/**
 * The direct assignment of one new task: a waiting claim of this process is reserved, and the task is inserted as
 * already claimed by its worker if no other task is due for that worker.
 */
export class DirectAssignment {
  readonly #waitingClaims: WaitingClaims;
  #claim: WaitingClaim | undefined;

  constructor(waitingClaims: WaitingClaims) {
    this.#waitingClaims = waitingClaims;
  }

  /** Returns no assignee for a task that is due later, or whose job is fair between rooms. */
  readonly chooseAssignee: ChooseAssignee = ({ jobId, start, fairness }) => {
    if (fairness === "room" || !("inSeconds" in start) || start.inSeconds > 0) return undefined;
    if (this.#claim === undefined) {
      this.#claim = this.#waitingClaims.findAvailable(jobId);
      this.#claim?.reserve();
    }
    return this.#claim;
  };

  /**
   * Ends the reservation, whatever the outcome: the claim gets the task, or else it reads from the database itself.
   */
  finish([task]: readonly ClaimedTaskRecord[]): void {
    this.#claim?.assign(task);
    this.#claim = undefined;
  }
}
