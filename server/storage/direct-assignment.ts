import type { NewTask } from "./storage.ts";

/** A waiting worker that a task is for, should nothing else be pending for it. */
export interface Assignee {
  readonly workerId: string;
  /** The task comes running. */
  readonly start: boolean;
}

/** Who would take a lone new task: asked when its insert is sent, which may be later, and again where it is sent again. */
export type ChooseAssignee = (task: NewTask) => Assignee | undefined;

/** How tasks are inserted. */
export interface InsertOptions {
  readonly aliveWithinSeconds: number;
  readonly chooseAssignee?: ChooseAssignee;
}
