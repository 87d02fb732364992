import type { NewTask } from "./storage.ts";

/** A waiting worker that would receive a new task, unless another task is pending for it. */
export interface Assignee {
  readonly workerId: string;
  /** True to start the task as well. */
  readonly start: boolean;
}

/**
 * Chooses the assignee of a new task that is the only one of its request. Called when the insert is sent, which may be
 * later than the request, and again if the insert is sent again.
 */
export type ChooseAssignee = (task: NewTask) => Assignee | undefined;

export interface InsertOptions {
  readonly aliveWithinSeconds: number;
  readonly chooseAssignee?: ChooseAssignee;
}
