import type { ClaimedTaskRecord } from "./storage/claimed-task-record.ts";
import type { QueueCounts } from "./storage/queue-counts.ts";
import type { PoolUsage } from "./storage/session-pool.ts";
import type { TaskRecord } from "./storage/storage.ts";
import type { CompletedTask } from "./storage/task-completions.ts";
import type { SweepResult } from "./use-cases/sweep.ts";

/** A statement that many calls share. */
export type BatchedStatement =
  | "submit"
  | "claim"
  | "promote"
  | "running"
  | "completed"
  | "failed"
  | "cancelled"
  | "heartbeat";

/** Why workers hold tasks no longer: by their own word or a user's, over the time, or gone. */
export type LeaseEnd = "reported" | "timed_out" | "lost";

/** What is looked at when somebody asks. */
export interface MeterSources {
  counts(): Promise<QueueCounts>;
  /** Undefined where the statements have no pool of their own. */
  pool(): PoolUsage | undefined;
  isBusUp(): boolean;
  /** Claims of this process that wait for a task. */
  waitingClaims(): number;
}

/** What is counted as it happens; no room, user or task is named. */
export interface Meter {
  submitted(tasks: number): void;
  /** Failed or cancelled tasks are open again. */
  retried(tasks: number): void;
  /** These were handed to a worker. */
  claimed(records: readonly ClaimedTaskRecord[]): void;
  /** These were completed by their own workers, and more is not known of them here. */
  completed(tasks: readonly CompletedTask[]): void;
  /** A step came, or a hold is over: the tasks as they stand since. */
  transitioned(records: readonly TaskRecord[], why: LeaseEnd): void;
  /** What a worker brought too late was kept, or completed its task after all. */
  lateResult(what: "kept" | "adopted"): void;
  /** A waiting claim was rung, and looked. */
  claimWoken(found: "tasks" | "nothing"): void;
  /** One more request or stream is held open, or one fewer. */
  waitingChanged(what: "request" | "stream", change: 1 | -1): void;
  /** This server swept, and found so much to do. */
  sweepFinished(found: SweepResult): void;
  /** So many tasks were over their time, found between two sweeps. */
  timedOut(tasks: number): void;
  /** One statement carried so many calls. */
  statementExecuted(statement: BatchedStatement, calls: number, seconds: number): void;
  watch(watched: MeterSources): void;
}

/** Of a host that does not ask. */
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
