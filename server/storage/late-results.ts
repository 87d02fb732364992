import type { JsonValue, LateResult } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

/** A result of an attempt that is over. */
export interface NewLateResult {
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly userId: string;
  readonly result: JsonValue;
}

/** Names one that is kept. */
export type LateResultKey = Pick<NewLateResult, "taskId" | "attempt" | "workerId">;

/** What an adoption came to; `formerHolder` is the worker that had the task until now. */
export interface Adoption {
  readonly record: TaskRecord;
  readonly previousWorkerId: string | null;
}

/** Results that came after their worker had been given up. */
export interface LateResultStorage {
  /** Keeps the first of an attempt that this worker really had, of a task that is not completed; false where it did not. */
  keep(late: NewLateResult): Promise<boolean>;
  /** Last first. */
  list(taskId: string): Promise<readonly LateResult[]>;
  /** Completes the task with it; undefined where it is completed, or gone. */
  adopt(late: LateResultKey): Promise<Adoption | undefined>;
}
