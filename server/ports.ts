import type { ConnectionSecurity, Event, TaskStatus } from "../protocol/index.ts";
import type { ClaimedTaskRecord, CompletedTask, TaskRecord } from "./records.ts";
import type { QueueCounts } from "./storage/ports/storage.ts";
import type { PoolUsage } from "./storage/sessions/session-pool.ts";

/** A logger with Fastify's interface. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Ends a subscription. Further calls do nothing. */
export type Unsubscribe = () => void;

/**
 * Handles an event. `event` is undefined if events may have been missed. The handler must then read
 * the state from the database.
 */
export type EventHandler = (event?: Event) => void;

/**
 * Notifies all servers that share a database of changes. Events may be lost while the bus is down,
 * so subscribers also poll the database.
 */
export interface EventBus {
  /** Publishes events. Never rejects; while `state` is `down`, the events are lost. */
  publish(events: readonly Event[]): Promise<void>;
  /**
   * Subscribes a handler to a channel. Resolves when the subscription is active, so that no later
   * event is missed, or when the bus is known to be down.
   */
  subscribe(channel: string, handler: EventHandler): Promise<Unsubscribe>;
  /** `down`: events may be lost, so long polls query the database every second. */
  readonly state: "up" | "down";
  readonly kind: "in-process" | "redis";
  readonly connectionSecurity: ConnectionSecurity;
  close(): Promise<void>;
}

/**
 * The results of a sweep: numbers of removed workers, of failed or requeued tasks, of removed jobs
 * and of deleted tasks.
 */
export type SweepResult = Record<"workers" | "tasks" | "jobs" | "deleted", number>;

/**
 * Names of the SQL statements that combine several calls, for metrics. A statement that is named
 * like a status changes tasks to this status.
 */
export type BatchedStatement =
  | "submit"
  | "claim"
  | "mark_due"
  | "heartbeat"
  | "output"
  | Exclude<TaskStatus, "pending" | "claimed">;

/**
 * The reason why a lease ended: the worker or a user changed the task, the task timed out, or the
 * worker was lost.
 */
export type LeaseEnd = "reported" | "timed_out" | "lost";

export interface MeterSources {
  counts(): Promise<QueueCounts>;
  /** Returns the usage of joblib's own session pool; undefined if the ORM's pool is used. */
  pool(): PoolUsage | undefined;
  isBusUp(): boolean;
  /** Number of claims of this process that wait for a task. */
  waitingClaims(): number;
}

/**
 * Receives events for metrics. The metrics never contain names of rooms or users, or ids of tasks.
 */
export interface Meter {
  submitted(tasks: number): void;
  retried(tasks: number): void;
  claimed(records: readonly ClaimedTaskRecord[]): void;
  /** Workers completed tasks, with a statement that does not return whole rows. */
  completed(tasks: readonly CompletedTask[]): void;
  /** Tasks changed their status, or their lease ended. `records` are the tasks after the change. */
  transitioned(records: readonly TaskRecord[], reason: LeaseEnd): void;
  /** A late result was stored, or was adopted and completed its task. */
  lateResult(event: "stored" | "adopted"): void;
  claimWoken(found: "tasks" | "nothing"): void;
  /** A long poll or a stream was opened (1) or closed (-1). */
  waitingChanged(kind: "request" | "stream", change: 1 | -1): void;
  sweepFinished(result: SweepResult): void;
  /**
   * Ended tasks that exceeded their timeout were found by the check that runs between two sweeps.
   */
  timedOut(tasks: number): void;
  /** A statement was executed that combined the given number of calls. */
  statementExecuted(statement: BatchedStatement, calls: number, seconds: number): void;
  /** Sets the functions that return the values of gauges when the metrics are scraped. */
  watch(sources: MeterSources): void;
}
