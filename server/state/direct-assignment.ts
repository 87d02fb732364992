import type { ChooseAssignee, ClaimedTaskRecord } from "../records.ts";
import type { WaitingClaim } from "./waiting-claim.ts";
import type { WaitingClaims } from "./waiting-claims.ts";

/**
 * The direct assignment of one new task. A waiting claim of this process is reserved. If no other task is due
 * for its worker, the task is inserted as already claimed by the worker.
 */
export class DirectAssignment {
  readonly #waitingClaims: WaitingClaims;
  #claim: WaitingClaim | undefined;

  constructor(waitingClaims: WaitingClaims) {
    this.#waitingClaims = waitingClaims;
  }

  /** Chooses a waiting worker. Returns none for a task that is due later, or whose job has room fairness. */
  readonly chooseAssignee: ChooseAssignee = ({ jobId, start, fairness }) => {
    if (fairness === "room" || !("inSeconds" in start) || start.inSeconds > 0) return undefined;
    if (this.#claim === undefined) {
      this.#claim = this.#waitingClaims.findAvailable(jobId);
      this.#claim?.reserve();
    }
    return this.#claim;
  };

  /**
   * Ends the reservation in any case. The claim gets the task if it was assigned; otherwise the claim reads
   * from the database.
   */
  finish([task]: readonly ClaimedTaskRecord[]): void {
    this.#claim?.assign(task);
    this.#claim = undefined;
  }
}
