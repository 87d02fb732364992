import { getPatchTargets, Problem, type TaskStatus } from "../../../protocol/index.ts";
import { type Caller, canReadTask, forbidden, isSubmitter } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";

export function taskNotFound(): Problem {
  return new Problem("task-not-found", "Task not found.");
}

/** Creates the 409 for a change that the current status of the task does not allow. */
export function invalidTransition({ task }: TaskRecord, to: TaskStatus, detail?: string): Problem {
  const allowed = getPatchTargets(task.status);
  const explanation =
    allowed.length === 0
      ? `The task has ended (${task.status}) and cannot become ${to}.`
      : `The task is ${task.status} and cannot become ${to}. It can become ${allowed.join(", ")}.`;
  return new Problem("invalid-task-transition", detail ?? explanation, { from: task.status, to, allowed });
}

/** Creates the 503 for a change that other requests prevented several times. */
export function tooManyChanges(noun: "task" | "job"): Problem {
  const detail = `Other requests changed the ${noun} at the same time. Try again.`;
  return new Problem("service-unavailable", detail, { retryAfter: 1 });
}

export async function findTask(
  { storage }: Context,
  id: string,
  options: { readonly queuePosition?: boolean } = {},
): Promise<TaskRecord> {
  const record = await storage.tasks.find(id, options);
  if (record === undefined) throw taskNotFound();
  return record;
}

export async function requireRead(caller: Caller, record: TaskRecord): Promise<void> {
  if (!(await canReadTask(caller, record))) throw forbidden("task-read");
}

/** Returns a task with its queue position to a caller who can read it. Throws a 403 or a 404. */
export async function findReadableTask(context: Context, caller: Caller, id: string): Promise<TaskRecord> {
  const record = await findTask(context, id, { queuePosition: true });
  await requireRead(caller, record);
  return record;
}

/** Returns a task to its submitter or an admin. Throws a 403 or a 404. */
export async function findSubmittedTask(context: Context, caller: Caller, id: string): Promise<TaskRecord> {
  const record = await findTask(context, id);
  if (!isSubmitter(caller, record) && !caller.actor.isAdmin) throw forbidden("task-submitter");
  return record;
}
