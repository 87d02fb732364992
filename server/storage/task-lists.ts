import type { TaskStatus } from "../../protocol/index.ts";
import type { ResultPage, TaskRecord, Window } from "./storage.ts";

/** Selects the tasks of a room that match all conditions that are set. */
export interface TaskSelection {
  readonly roomId: string;
  readonly jobIds?: readonly string[];
  readonly statuses?: readonly TaskStatus[];
  readonly createdById?: string;
  /** A prefix of the id, or a part of the error or of the payload. Case-insensitive. */
  readonly text?: string;
  readonly ids?: readonly string[];
}

/** The window of a list of tasks. It can start after a given task. */
export interface TaskWindow extends Window {
  readonly after?: string | undefined;
}

/** A page of tasks. `total` is at most `MAX_COUNTED`, and counts only tasks that were searched. */
export interface TaskResultPage extends ResultPage<TaskRecord> {
  /**
   * The last task that was searched if the page is not full, or null at the end of the list. Undefined if the
   * selection needs no search.
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
  /** The cursor of the next page; null if there is none. */
  readonly after: string | null;
}

/**
 * The part of the task storage that lists a room's tasks, newest first. Its methods return undefined if
 * `after` is not a task of the room.
 */
export interface TaskListStorage {
  list(selection: TaskSelection, window: TaskWindow): Promise<TaskResultPage | undefined>;
  /** Lists only ids and creators, which is much cheaper than reading whole tasks. */
  select(selection: TaskSelection, window: Omit<TaskWindow, "offset">): Promise<SelectedTasks | undefined>;
}
