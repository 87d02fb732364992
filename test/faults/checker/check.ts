import { checkRequeues, checkWakeUps } from "./deadlines.ts";
import type { Check, Evidence, Violation } from "./evidence.ts";
import { checkFencing, checkMaxRuns, checkSingleLease } from "./leases.ts";
import { checkOrder } from "./order.ts";
import { checkErrors, checkVisibility } from "./responses.ts";
import { checkNoLostTasks, checkNoPhantomTasks, checkPayloads } from "./submits.ts";
import { checkSingleAttemptEnd, checkSweptWorkers } from "./sweeps.ts";
import { checkCancels, checkSingleEnd, checkTransitions } from "./transitions.ts";

const CHECKS: readonly Check[] = [
  ...[checkNoLostTasks, checkNoPhantomTasks, checkSingleLease, checkMaxRuns, checkFencing],
  ...[checkTransitions, checkSingleEnd, checkRequeues, checkWakeUps, checkCancels, checkVisibility],
  ...[checkPayloads, checkOrder, checkErrors, checkSweptWorkers, checkSingleAttemptEnd],
];

/**
 * Checks every invariant that can be decided from a history and the tables. Returns an empty list
 * if all invariants hold.
 */
export const checkInvariants = (evidence: Evidence): Violation[] => CHECKS.flatMap((one) => one(evidence));
