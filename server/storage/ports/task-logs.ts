import type { LogLine, LogPosition, NewLogLine } from "../../../protocol/index.ts";

/** Log lines of an attempt, from its worker. */
export interface NewLogLines {
  readonly taskId: string;
  readonly attempt: number;
  /** If set, the task must still be assigned to this worker. */
  readonly workerId?: string;
  readonly lines: readonly NewLogLine[];
}

export interface TaskLogStorage {
  /**
   * Stores the lines that are not stored yet, up to the maximum per attempt. Returns false if this attempt of
   * the task is not running.
   */
  append(lines: NewLogLines): Promise<boolean>;
  /** Returns the lines after a position, oldest first. */
  read(taskId: string, after: LogPosition, limit: number): Promise<readonly LogLine[]>;
}
