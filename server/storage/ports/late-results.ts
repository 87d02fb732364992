import type { JsonValue, LateResult } from "../../../protocol/index.ts";
import type { TaskRecord } from "../../records.ts";

/** A result that arrived after its lease was lost. */
export interface NewLateResult {
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly userId: string;
  readonly result: JsonValue;
}

/** Identifies a stored late result. */
export type LateResultKey = Pick<NewLateResult, "taskId" | "attempt" | "workerId">;

/** The outcome of an adoption. */
export interface Adoption {
  readonly record: TaskRecord;
  /** The worker whose lease the adoption ended; null if there was none. */
  readonly previousWorkerId: string | null;
}

export interface LateResultStorage {
  /**
   * Stores the first late result of an attempt. Returns false if the task is completed, or if the worker did
   * not have the lease of this attempt.
   */
  store(late: NewLateResult): Promise<boolean>;
  /** Lists the late results of a task, newest first. */
  list(taskId: string): Promise<readonly LateResult[]>;
  /**
   * Completes the task with a late result. Returns undefined if the task is already completed, or if the late
   * result does not exist.
   */
  adopt(late: LateResultKey): Promise<Adoption | undefined>;
}
