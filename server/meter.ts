import type { ClaimedTaskRecord } from "./storage/claimed-task-record.ts";
import type { QueueCounts } from "./storage/queue-counts.ts";
import type { PoolUsage } from "./storage/session-pool.ts";
import type { TaskRecord } from "./storage/storage.ts";
import type { CompletedTask } from "./storage/task-completions.ts";
import type { SweepResult } from "./use-cases/sweep.ts";

/** A statement that combines several calls. */
export type BatchedStatement =
  | "submit"
  | "claim"
  | "promote"
  | "running"
  | "completed"
  | "failed"
  | "cancelled"
  | "heartbeat";

/** Why a lease ended: an update by the worker or a user, the timeout of the task, or the loss of the worker. */
export type LeaseEnd = "reported" | "timed_out" | "lost";

export interface MeterSources {
  counts(): Promise<QueueCounts>;
  /** Returns the usage of joblib's own session pool; undefined if it uses the sessions of the ORM. */
  pool(): PoolUsage | undefined;
  isBusUp(): boolean;
  /** Number of claims of this process that wait for a task. */
  waitingClaims(): number;
}

/** Receives events for metrics. No metric contains the name of a room or a user, or the id of a task. */
export interface Meter {
  submitted(tasks: number): void;
  /** Failed or cancelled tasks were retried. */
  retried(tasks: number): void;
  claimed(records: readonly ClaimedTaskRecord[]): void;
  /** Tasks were completed by their own workers; their rows were not read. */
  completed(tasks: readonly CompletedTask[]): void;
  /** Tasks changed their status, or their lease ended. `records` contain the state after the change. */
  transitioned(records: readonly TaskRecord[], reason: LeaseEnd): void;
  /** A late result was stored, or was adopted and completed its task. */
  lateResult(event: "kept" | "adopted"): void;
  /** A waiting claim was woken and looked for tasks. */
  claimWoken(found: "tasks" | "nothing"): void;
  /** A long poll or a stream was opened (1) or closed (-1). */
  waitingChanged(kind: "request" | "stream", change: 1 | -1): void;
  /** This server finished a sweep. */
  sweepFinished(result: SweepResult): void;
  /** Tasks that exceeded their timeout were ended between two sweeps. */
  timedOut(tasks: number): void;
  /** A statement with this number of combined calls was executed. */
  statementExecuted(statement: BatchedStatement, calls: number, seconds: number): void;
  /** Sets the sources of values that are read when the metrics are scraped. */
  watch(sources: MeterSources): void;
}

/** A meter that does nothing, for hosts without metrics. */
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
