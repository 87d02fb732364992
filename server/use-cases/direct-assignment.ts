import type { ClaimedTaskRecord } from "../storage/claimed-task-record.ts";
import type { ChooseAssignee } from "../storage/direct-assignment.ts";
import type { WaitingClaim } from "./waiting-claim.ts";
import type { WaitingClaims } from "./waiting-claims.ts";

/** A new task, offered to a claim that waits in this process: it is inserted as that claim's, if nothing else is due for its worker. */
export class DirectAssignment {
  readonly #waitingClaims: WaitingClaims;
  #claim: WaitingClaim | undefined;

  constructor(waitingClaims: WaitingClaims) {
    this.#waitingClaims = waitingClaims;
  }

  /** One that falls due later, or whose room has to wait for its turn, is offered to nobody. */
  readonly chooseAssignee: ChooseAssignee = ({ jobId, start, fairness }) => {
    if (fairness === "room" || !("inSeconds" in start) || start.inSeconds > 0) return undefined;
    if (this.#claim === undefined) {
      this.#claim = this.#waitingClaims.freeFor(jobId);
      this.#claim?.reserve();
    }
    return this.#claim;
  };

  /** What came of it, whatever that was: who was to have the task has it, or looks itself. */
  settle([task]: readonly ClaimedTaskRecord[]): void {
    this.#claim?.give(task);
    this.#claim = undefined;
  }
}
