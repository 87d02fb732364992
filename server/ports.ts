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

/** Stops a subscription; further calls do nothing. */
export type Unsubscribe = () => void;

/** Handles an event; undefined means that events may have been missed, so the handler must read the current state. */
export type EventHandler = (event?: Event) => void;

/** Notifies processes of changes. Notifications may be lost while a bus is down, so readers also poll. */
export interface EventBus {
  /** Publishes events. Never rejects: while the bus is down, events are lost and `state` is `down`. */
  publish(events: readonly Event[]): Promise<void>;
  /** Subscribes to a channel. Resolves when no later event can be missed, or when the bus is known to be down. */
  subscribe(channel: string, handler: EventHandler): Promise<Unsubscribe>;
  /** `down`: events may be lost, so long polls query the database every second. */
  readonly state: "up" | "down";
  readonly kind: "in-process" | "redis";
  readonly connectionSecurity: ConnectionSecurity;
  close(): Promise<void>;
}

/** Numbers of removed dead workers, of failed or requeued tasks, of removed unused jobs, and of deleted old tasks. */
export type SweepResult = Record<"workers" | "tasks" | "jobs" | "deleted", number>;

/** A statement that combines several calls. A status is the statement that changes tasks to it. */
export type BatchedStatement =
  | "submit"
  | "claim"
  | "promote"
  | "heartbeat"
  | "output"
  | Exclude<TaskStatus, "pending" | "claimed">;

/** Why a lease ended: an update by the worker or a user, the timeout of the task, or the loss of the worker. */
export type LeaseEnd = "reported" | "timed_out" | "lost";

export interface MeterSources {
  counts(): Promise<QueueCounts>;
  /** Returns the usage of joblib's own session pool; undefined if joblib uses the sessions of the ORM. */
  pool(): PoolUsage | undefined;
  isBusUp(): boolean;
  /** Number of claims of this process that wait for a task. */
  waitingClaims(): number;
}

/** Receives events for metrics. No metric contains the name of a room or a user, or the id of a task. */
export interface Meter {
  submitted(tasks: number): void;
  retried(tasks: number): void;
  claimed(records: readonly ClaimedTaskRecord[]): void;
  /** Workers completed their own tasks. The rows of the tasks were not read. */
  completed(tasks: readonly CompletedTask[]): void;
  /** Tasks changed their status, or their lease ended. `records` are the tasks after the change. */
  transitioned(records: readonly TaskRecord[], reason: LeaseEnd): void;
  /** A late result was stored, or was adopted and completed its task. */
  lateResult(event: "stored" | "adopted"): void;
  claimWoken(found: "tasks" | "nothing"): void;
  /** A long poll or a stream was opened (1) or closed (-1). */
  waitingChanged(kind: "request" | "stream", change: 1 | -1): void;
  sweepFinished(result: SweepResult): void;
  /** Tasks that exceeded their timeout were ended between two sweeps. */
  timedOut(tasks: number): void;
  /** A statement with this number of combined calls was executed. */
  statementExecuted(statement: BatchedStatement, calls: number, seconds: number): void;
  /** Sets the sources of values that are read when the metrics are scraped. */
  watch(sources: MeterSources): void;
}
