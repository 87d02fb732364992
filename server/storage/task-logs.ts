import type { LogLine, LogPosition, NewLogLine } from "../../protocol/index.ts";

/** Lines of one attempt, by the worker that holds it. */
export interface NewLogLines {
  readonly taskId: string;
  readonly attempt: number;
  /** Where given, the row must still name this worker. */
  readonly workerId?: string;
  readonly lines: readonly NewLogLine[];
}

/** What workers say of their tasks. */
export interface TaskLogStorage {
  /** Keeps the lines that are not there yet, up to the most of an attempt; false where the task does not run in this attempt. */
  append(lines: NewLogLines): Promise<boolean>;
  /** In their order, from behind a place. */
  read(taskId: string, after: LogPosition, limit: number): Promise<readonly LogLine[]>;
}
