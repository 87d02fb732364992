import type { MinimalTaskUpdate, ProblemDocument, TaskUpdates } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { Completion } from "../../records.ts";
import { isUuid } from "../../storage/ids.ts";
import { catchUnknownOutcome } from "../../storage/sessions/storage-errors.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { createTaskCompletedEvent, publishEvents } from "../events.ts";
import { updateTask } from "./update-task.ts";

type Update = TaskUpdates["updates"][number];

/** An update that was rejected, and why. */
export interface RejectedUpdate {
  readonly id: string;
  readonly problem: ProblemDocument;
}

/** Updates of one worker's tasks in one request. */
export interface UpdateTasksInput {
  readonly workerId: string;
  readonly updates: readonly Update[];
  /**
   * Converts the error of an update to a problem. `pointer` is the JSON Pointer of the update in the request
   * body.
   */
  readonly toProblem: (error: unknown, pointer: string) => ProblemDocument;
}

/**
 * Converts an update to a completion that can be combined with others. Returns undefined if the update is not a
 * plain completion with an attempt, or if a request of this process waits for the whole row of the task.
 */
const toCompletion = (
  { taskEnds }: Pick<Context, "taskEnds">,
  workerId: string,
  { id, status, attempt, progress, log, result }: Update,
): Completion | undefined => {
  if (status !== "completed" || attempt === undefined || progress !== undefined || log !== undefined)
    return undefined;
  if (!isUuid(id) || taskEnds.hasListener(id.toLowerCase())) return undefined;
  return { id, workerId: workerId.toLowerCase(), attempt, result };
};

/** Applies all completions in one statement. Returns the results of those that were applied. */
const completeBatch = async (
  context: Context,
  { workerId, updates }: UpdateTasksInput,
): Promise<ReadonlyMap<Update, MinimalTaskUpdate>> => {
  const completions = new Map<Update, Completion>();
  const ids = new Set<string>();
  for (const update of updates) {
    const completion = toCompletion(context, workerId, update);
    // Only the first update of a task can be combined, because later ones must be applied after it.
    if (completion !== undefined && !ids.has(update.id)) completions.set(update, completion);
    ids.add(update.id);
  }
  if (completions.size === 0) return new Map();
  // If the connection was lost before the response, each update is applied again on its own, which is
  // idempotent.
  const completed =
    (await catchUnknownOutcome(context.storage.queue.complete([...completions.values()]))) ?? [];
  const value = new Map<Update, MinimalTaskUpdate>();
  [...completions.keys()].forEach((update, index) => {
    const { completedAt: completed_at } = completed[index] ?? {};
    if (completed_at !== undefined) value.set(update, { id: update.id, status: "completed", completed_at });
  });
  const succeeded = completed.filter((one) => one !== undefined);
  context.meter.completed(succeeded);
  const events = succeeded.map(createTaskCompletedEvent);
  return publishEvents(context, { value, events });
};

/**
 * Applies the updates that are not in `done`. Updates of the same task run in their order, all others run
 * concurrently. A rejected update does not affect the others.
 */
const applyUpdates = async <Result>(
  context: Context,
  caller: Caller,
  { workerId, updates, toProblem }: UpdateTasksInput,
  { done, toResult }: { done: ReadonlyMap<Update, Result>; toResult: (task: WireTask, id: string) => Result },
): Promise<(Result | RejectedUpdate)[]> => {
  // If all updates are in `done`, its values are the response, in the order of the updates. This avoids a
  // promise for each update, which would be the most expensive part of the response.
  if (done.size === updates.length) return [...done.values()];
  const latest = new Map<string, Promise<unknown>>();
  const apply = async (
    { id: taskId, ...update }: Update,
    index: number,
  ): Promise<Result | RejectedUpdate> => {
    try {
      const input = { taskId, update: { ...update, worker_id: workerId } };
      return toResult(publishEvents(context, await updateTask(context, caller, input)), taskId);
    } catch (error) {
      return { id: taskId, problem: toProblem(error, `/updates/${index}`) };
    }
  };
  return Promise.all(
    updates.map((update, index) => {
      const result = done.get(update);
      if (result !== undefined) return result;
      const previous = latest.get(update.id) ?? Promise.resolve();
      const current = previous.then(() => apply(update, index));
      latest.set(update.id, current);
      return current;
    }),
  );
};

/** Applies updates of one worker's tasks and returns the tasks. Each update succeeds or fails on its own. */
export const updateTasks = async (
  context: Context,
  caller: Caller,
  input: UpdateTasksInput,
): Promise<({ readonly id: string; readonly task: WireTask } | RejectedUpdate)[]> => {
  await context.owners.requireOwner(caller, input.workerId);
  const toResult = (task: WireTask, id: string) => ({ id, task });
  return applyUpdates(context, caller, input, { done: new Map(), toResult });
};

/**
 * Applies updates of one worker's tasks for a minimal response. Completions are combined into one statement that does
 * not return whole rows.
 */
export const updateTasksMinimal = async (
  context: Context,
  caller: Caller,
  input: UpdateTasksInput,
): Promise<(MinimalTaskUpdate | RejectedUpdate)[]> => {
  await context.owners.requireOwner(caller, input.workerId);
  const toResult = ({ status, completed_at }: WireTask, id: string) => ({ id, status, completed_at });
  return applyUpdates(context, caller, input, { done: await completeBatch(context, input), toResult });
};
