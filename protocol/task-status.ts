import * as z from "zod";

/** Where a task stands in its life. */
export const TaskStatus = z.enum(["pending", "claimed", "running", "completed", "failed", "cancelled"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Every step that any rule of joblib can take; `retry` alone leads out of failed and cancelled. */
const TRANSITIONS: Record<TaskStatus, readonly TaskStatus[]> = {
  pending: ["claimed", "cancelled"],
  claimed: ["running", "failed", "cancelled", "pending"],
  running: ["completed", "failed", "cancelled", "pending"],
  completed: [],
  failed: [],
  cancelled: [],
};

/** The statuses that a PATCH can lead to; the others are the server's own steps. */
export const PATCHABLE = [
  "running",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly TaskStatus[];
export type PatchableStatus = (typeof PATCHABLE)[number];

/** True where a task has come to its end. */
export const isTerminal = (status: TaskStatus): boolean => TRANSITIONS[status].length === 0;

/** True where a worker holds the task. */
export const isHeld = (status: TaskStatus): boolean => status === "claimed" || status === "running";

/** True where `to` follows `from` in the state machine. */
export const canMove = (from: TaskStatus, to: TaskStatus): boolean => TRANSITIONS[from].includes(to);

/** True for a status that a PATCH may ask for at all. */
export const isPatchable = (status: TaskStatus): status is PatchableStatus =>
  (PATCHABLE as readonly TaskStatus[]).includes(status);

/** What a PATCH can make of a task that stands at `from`. */
export const allowedByPatch = (from: TaskStatus): PatchableStatus[] =>
  PATCHABLE.filter((to) => canMove(from, to));

/** The statuses from which `to` can be reached: the guard of every statement that moves a task there. */
export const originsOf = (to: TaskStatus): TaskStatus[] =>
  TaskStatus.options.filter((from) => canMove(from, to));

/** The statuses that are not the end. */
export const OPEN_STATUSES: readonly TaskStatus[] = TaskStatus.options.filter(
  (status) => !isTerminal(status),
);

/** The statuses that are the end. */
export const TERMINAL_STATUSES: readonly TaskStatus[] = TaskStatus.options.filter(isTerminal);
