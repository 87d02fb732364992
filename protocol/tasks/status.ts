import * as z from "zod";

export const TaskStatus = z.enum(["pending", "claimed", "running", "completed", "failed", "cancelled"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/**
 * The transitions of the state machine. In addition, `retry` changes failed and cancelled tasks to
 * pending.
 */
const TRANSITIONS: Record<TaskStatus, readonly TaskStatus[]> = {
  pending: ["claimed", "cancelled"],
  claimed: ["running", "failed", "cancelled", "pending"],
  running: ["completed", "failed", "cancelled", "pending"],
  completed: [],
  failed: [],
  cancelled: [],
};

/** The statuses that a PATCH can set. Only the server sets the others. */
export const PATCHABLE_STATUSES = [
  "running",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly TaskStatus[];
export type PatchableStatus = (typeof PATCHABLE_STATUSES)[number];

/** Returns true for completed, failed and cancelled. */
export function isTerminal(status: TaskStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** Returns true if a worker has the lease of a task with this status: claimed or running. */
export function isLeased(status: TaskStatus): boolean {
  return status === "claimed" || status === "running";
}

/** Returns true if the state machine allows the transition. */
export function canMove(from: TaskStatus, to: TaskStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

/** Returns true for a status that a PATCH can set. */
export function isPatchable(status: TaskStatus): status is PatchableStatus {
  return (PATCHABLE_STATUSES as readonly TaskStatus[]).includes(status);
}

/** Returns the statuses that a PATCH can set on a task with status `from`. */
export function getPatchTargets(from: TaskStatus): PatchableStatus[] {
  return PATCHABLE_STATUSES.filter((to) => canMove(from, to));
}

/**
 * Returns the statuses from which `to` can be reached. Every statement that sets a status updates
 * only tasks with one of these statuses.
 */
export function getOrigins(to: TaskStatus): TaskStatus[] {
  return TaskStatus.options.filter((from) => canMove(from, to));
}
