import type { TaskStatus } from "../../../protocol/index.ts";
import type { ResultPage, TaskRecord, Window } from "../../records.ts";

/** Selects tasks of a room by the conditions that are set. */
export interface TaskSelection {
  readonly roomId: string;
  readonly jobIds?: readonly string[];
  readonly statuses?: readonly TaskStatus[];
  readonly createdById?: string;
  /** A prefix of the id, or a part of the error or the payload; case-insensitive. */
  readonly text?: string;
  readonly ids?: readonly string[];
}

/** The window of a list of tasks, which can start after a task. */
export interface TaskWindow extends Window {
  readonly after?: string | undefined;
}

/**
 * A page of tasks. `total` is at most `MAX_COUNTED`. If the search was limited, it counts only the matches among the
 * searched tasks.
 */
export interface TaskResultPage extends ResultPage<TaskRecord> {
  /**
   * The last searched task, or null if the search reached the end of the list. Undefined if the page is full,
   * or if the selection needs no search.
   */
  readonly searchedTo: string | null | undefined;
}

/** The members of a task that a bulk operation needs. */
export interface SelectedTask {
  readonly id: string;
  readonly createdById: string;
}

export interface SelectedTasks {
  readonly tasks: readonly SelectedTask[];
  /** The cursor of the next page; null at the end. */
  readonly after: string | null;
}

/**
 * The part of the task storage that lists a room's tasks, newest first. Both methods return undefined if
 * `after` is not a task of the room.
 */
export interface TaskListStorage {
  list(selection: TaskSelection, window: TaskWindow): Promise<TaskResultPage | undefined>;
  /** Lists only ids and submitters, which is much cheaper than reading whole tasks. */
  select(selection: TaskSelection, window: Omit<TaskWindow, "offset">): Promise<SelectedTasks | undefined>;
}

export interface TaskStorage extends TaskListStorage {
  find(id: string, options?: { readonly queuePosition?: boolean }): Promise<TaskRecord | undefined>;
  /** Returns the tasks that exist, in no particular order. */
  findMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
  /** Returns the seconds until the next task of the jobs is due (0 or less: now); undefined if there is none. */
  getSecondsUntilDue(jobIds: readonly string[]): Promise<number | undefined>;
  /** Counts the due tasks of each job, at most `cap` for each. Leaves out jobs without due tasks. */
  countDue(jobIds: readonly string[], cap: number): Promise<ReadonlyMap<string, number>>;
  /** Makes a failed or cancelled task pending again, with a new number; undefined if that is not possible. */
  retry(id: string): Promise<TaskRecord | undefined>;
  /** Retries many tasks in their old order; leaves out those that cannot be retried. */
  retryMany(ids: readonly string[]): Promise<readonly TaskRecord[]>;
}
