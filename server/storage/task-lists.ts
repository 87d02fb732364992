import type { TaskStatus } from "../../protocol/index.ts";
import type { ResultPage, TaskRecord, Window } from "./storage.ts";

/** Which of a room's tasks; what is left out does not matter. */
export interface TaskSelection {
  readonly roomId: string;
  readonly jobIds?: readonly string[];
  readonly statuses?: readonly TaskStatus[];
  readonly createdById?: string;
  /** Begins the id, or stands in the error or the payload, in upper or lower case. */
  readonly text?: string;
  readonly ids?: readonly string[];
}

/** A list's window, from behind a task on. */
export interface TaskWindow extends Window {
  readonly after?: string | undefined;
}

/** Tasks, and how many there are, up to `MAX_COUNTED` of those that were looked at. */
export interface TaskResultPage extends ResultPage<TaskRecord> {
  /** Of a page that is not full, where looking for matches ended; null at the list's end. Undefined where all match. */
  readonly searchedTo: string | null | undefined;
}

/** A task as far as a choice among many needs it. */
export interface SelectedTask {
  readonly id: string;
  readonly createdById: string;
}

export interface SelectedTasks {
  readonly tasks: readonly SelectedTask[];
  /** Where to go on; null at the end. */
  readonly after: string | null;
}

/** A room's tasks, newest first. Undefined where `after` is none of them. */
export interface TaskListStorage {
  list(of: TaskSelection, window: TaskWindow): Promise<TaskResultPage | undefined>;
  /** The same without what makes a task dear to read. */
  select(of: TaskSelection, window: Omit<TaskWindow, "offset">): Promise<SelectedTasks | undefined>;
}
