import type { Meter } from "../ports.ts";

export const NO_METER: Meter = {
  submitted() {},
  retried() {},
  claimed() {},
  completed() {},
  transitioned() {},
  lateResult() {},
  claimWoken() {},
  waitingChanged() {},
  sweepFinished() {},
  timedOut() {},
  statementExecuted() {},
  watch() {},
};
