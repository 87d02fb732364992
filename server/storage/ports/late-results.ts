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

/** The result of an adoption. */
export interface Adoption {
  readonly record: TaskRecord;
  /** The worker that had the lease until now. */
  readonly previousWorkerId: string | null;
}

/** The part of the storage for late results. */
export interface LateResultStorage {
  /**
   * Stores the first late result of an attempt. Returns false if the task is completed, or the attempt was not this
   * worker's.
   */
  store(late: NewLateResult): Promise<boolean>;
  /** Lists the late results of a task, newest first. */
  list(taskId: string): Promise<readonly LateResult[]>;
  /** Completes the task with a late result; returns undefined if it is completed already, or does not exist. */
  adopt(late: LateResultKey): Promise<Adoption | undefined>;
}
