import type { ClaimedRecord } from "../storage/claimed-record.ts";
import type { HandOver } from "../storage/hand-over.ts";
import type { ParkedClaim } from "./parked-claim.ts";
import type { ParkedClaims } from "./parked-claims.ts";

/** A new task, offered to a claim that waits in this process: it is inserted as that claim's, if nothing else is due for its worker. */
export class Offer {
  readonly #parked: ParkedClaims;
  #claim: ParkedClaim | undefined;

  constructor(parked: ParkedClaims) {
    this.#parked = parked;
  }

  /** One that falls due later, or whose room has to wait for its turn, is offered to nobody. */
  readonly handOver: HandOver = ({ jobId, start, fairness }) => {
    if (fairness === "room" || !("inSeconds" in start) || start.inSeconds > 0) return undefined;
    if (this.#claim === undefined) {
      this.#claim = this.#parked.freeFor(jobId);
      this.#claim?.reserve();
    }
    return this.#claim;
  };

  /** What came of it, whatever that was: who was to have the task has it, or looks itself. */
  settle([task]: readonly ClaimedRecord[]): void {
    this.#claim?.give(task);
    this.#claim = undefined;
  }
}
