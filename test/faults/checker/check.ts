import { cleanErrors, visibility } from "./answers.ts";
import { cancelWins, oneTerminalEffect, terminalIsFinal } from "./ends.ts";
import type { Check, Evidence, Violation } from "./evidence.ts";
import { boundedRuns, fenced, oneHolder } from "./holders.ts";
import { reoffered, wokenInTime } from "./lateness.ts";
import { firstInFirstOut } from "./order.ts";
import { noLostSubmit, noPhantom, schemaTruth } from "./submits.ts";
import { attemptsEndOnce, onlyTheDead } from "./sweeps.ts";

const CHECKS: readonly Check[] = [
  ...[noLostSubmit, noPhantom, oneHolder, boundedRuns, fenced, terminalIsFinal, oneTerminalEffect],
  ...[reoffered, wokenInTime, cancelWins, visibility, schemaTruth, firstInFirstOut, cleanErrors],
  ...[onlyTheDead, attemptsEndOnce],
];

/** Decides every invariant that a history and the tables can decide; an empty list: all of them hold. */
export const check = (evidence: Evidence): Violation[] => CHECKS.flatMap((one) => one(evidence));
