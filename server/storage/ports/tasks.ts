import type {
  JsonValue,
  LateResult,
  LogLine,
  LogPosition,
  NewLogLine,
  TaskStatus,
} from "../../../protocol/index.ts";
import type { ResultPage, TaskRecord, Window } from "../../records.ts";

export interface TaskSelection {
  readonly roomId: string;
  readonly jobIds?: readonly string[];
  readonly statuses?: readonly TaskStatus[];
  readonly createdById?: string;
  /** A search text: a prefix of the id, or a part of the error or the payload. Case-insensitive. */
  readonly text?: string;
  readonly ids?: readonly string[];
}

export interface TaskWindow extends Window {
  readonly after?: string | undefined;
}

/**
 * A page of tasks. A filter checks a limited number of tasks. `total` is the number of matches
 * among these tasks, at most `MAX_COUNTED`.
 */
export interface TaskResultPage extends ResultPage<TaskRecord> {
  /**
   * The id of the last task that the filter checked; null if it reached the end of the list;
   * undefined if the page is full or there is no filter.
   */
  readonly searchedTo: string | null | undefined;
}

export interface SelectedTasks {
  readonly tasks: readonly { readonly id: string; readonly createdById: string }[];
  /** The cursor of the next page; null at the end. */
  readonly after: string | null;
}

export interface TaskStorage {
  /** Lists a room's tasks, newest first. Returns undefined if `after` is not a task of the room. */
  list(selection: TaskSelection, window: TaskWindow): Promise<TaskResultPage | undefined>;
  /**
   * Like `list`, but returns only ids and submitters, which is much cheaper than reading whole
   * tasks.
   */
  select(selection: TaskSelection, window: Omit<TaskWindow, "offset">): Promise<SelectedTasks | undefined>;
  find(id: string, options?: { readonly queuePosition?: boolean }): Promise<TaskRecord | undefined>;
  /** Returns the tasks that exist, in no particular order. */
  findMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /**
   * Returns the seconds until the next task of the jobs is due (0 or less: now); undefined if there
   * is none.
   */
  getSecondsUntilDue(jobIds: readonly string[]): Promise<number | undefined>;
  /**
   * Counts the due tasks of each job, at most `cap` for each. Leaves out jobs without due tasks.
   */
  countDue(jobIds: readonly string[], cap: number): Promise<ReadonlyMap<string, number>>;
  /**
   * Makes failed and cancelled tasks pending again, in their previous order. Leaves out tasks that
   * cannot be retried.
   */
  retry(ids: readonly string[]): Promise<readonly TaskRecord[]>;
}

export interface NewLateResult {
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly userId: string;
  readonly result: JsonValue;
}

export type LateResultKey = Pick<NewLateResult, "taskId" | "attempt" | "workerId">;

export interface Adoption {
  readonly record: TaskRecord;
  /** The worker whose lease the adoption ended; null if there was none. */
  readonly previousWorkerId: string | null;
}

export interface LateResultStorage {
  /**
   * Stores the first late result of an attempt. Returns false if the task is completed, or if the
   * worker did not have the lease of this attempt.
   */
  store(late: NewLateResult): Promise<boolean>;
  /** Lists the late results of a task, newest first. */
  list(taskId: string): Promise<readonly LateResult[]>;
  /**
   * Completes the task with a late result. Returns undefined if the task is already completed, or
   * if the late result does not exist.
   */
  adopt(late: LateResultKey): Promise<Adoption | undefined>;
}

export interface NewLogLines {
  readonly taskId: string;
  readonly attempt: number;
  /** If set, the task must still be assigned to this worker. */
  readonly workerId?: string;
  readonly lines: readonly NewLogLine[];
}

export interface TaskLogStorage {
  /**
   * Stores the lines that are not stored yet, up to `MAX_LINES_PER_ATTEMPT`. Returns false if this
   * attempt of the task is not running.
   */
  append(lines: NewLogLines): Promise<boolean>;
  /** Returns the lines after a position, oldest first. */
  read(taskId: string, after: LogPosition, limit: number): Promise<readonly LogLine[]>;
}
