import type { MinimalTaskUpdate, ProblemDocument, Task, TaskUpdates } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { isUuid } from "../storage/ids.ts";
import { catchUnknownOutcome } from "../storage/storage-unavailable.ts";
import type { Completion } from "../storage/task-completions.ts";
import { createTaskCompletedEvent, publishEvents } from "./events.ts";
import { updateTask } from "./update-task.ts";

type Update = TaskUpdates["updates"][number];

/** Why one of the updates was not made. */
interface Refused {
  readonly id: string;
  readonly problem: ProblemDocument;
}

/** One request's updates of one worker's tasks. */
export interface UpdateTasksInput {
  readonly workerId: string;
  readonly updates: readonly Update[];
  readonly describe: (error: unknown, pointer: string) => ProblemDocument;
}

/** The completion that an update is, where it is nothing else and the only one of its task. */
const completionOf = (
  { ended }: Pick<Context, "ended">,
  workerId: string,
  { id, status, attempt, progress, log, result }: Update,
): Completion | undefined => {
  if (status !== "completed" || attempt === undefined || progress !== undefined || log !== undefined)
    return undefined;
  if (!isUuid(id) || ended.isWaiting(id.toLowerCase())) return undefined;
  return { id, workerId: workerId.toLowerCase(), attempt, result };
};

const completeTogether = async (
  context: Context,
  { workerId, updates }: UpdateTasksInput,
): Promise<ReadonlyMap<Update, MinimalTaskUpdate>> => {
  const completions = new Map<Update, Completion>();
  const ids = new Set<string>();
  for (const update of updates) {
    const completion = completionOf(context, workerId, update);
    if (completion !== undefined && !ids.has(update.id)) completions.set(update, completion);
    ids.add(update.id);
  }
  if (completions.size === 0) return new Map();
  // Where the answer is lost none of them is known to be done: each is looked at by itself.
  const completed =
    (await catchUnknownOutcome(context.storage.tasks.complete([...completions.values()]))) ?? [];
  const value = new Map<Update, MinimalTaskUpdate>();
  [...completions.keys()].forEach((update, index) => {
    const { completedAt: completed_at } = completed[index] ?? {};
    if (completed_at !== undefined) value.set(update, { id: update.id, status: "completed", completed_at });
  });
  const done = completed.filter((one) => one !== undefined);
  context.meter.completed(done);
  const events = done.map(createTaskCompletedEvent);
  return publishEvents(context, { value, events });
};

/** The updates that are not done yet, those of one task in their order; a failure holds up no other task. */
const inTurn = async <Result>(
  context: Context,
  caller: Caller,
  { workerId, updates, describe }: UpdateTasksInput,
  { done, answer }: { done: ReadonlyMap<Update, Result>; answer: (task: Task, id: string) => Result },
): Promise<(Result | Refused)[]> => {
  // In their order, as they were done; a promise for each would be the dearest part of the answer.
  if (done.size === updates.length) return [...done.values()];
  const latest = new Map<string, Promise<unknown>>();
  const one = async ({ id: taskId, ...update }: Update, index: number): Promise<Result | Refused> => {
    try {
      const owned = { ...update, worker_id: workerId };
      return answer(
        publishEvents(context, await updateTask(context, caller, { taskId, update: owned })),
        taskId,
      );
    } catch (error) {
      return { id: taskId, problem: describe(error, `/updates/${index}`) };
    }
  };
  return Promise.all(
    updates.map((update, index) => {
      const result = done.get(update);
      if (result !== undefined) return result;
      const before = latest.get(update.id) ?? Promise.resolve();
      const after = before.then(() => one(update, index));
      latest.set(update.id, after);
      return after;
    }),
  );
};

/** Many steps of one worker's tasks. */
export const updateTasks = async (
  context: Context,
  caller: Caller,
  request: UpdateTasksInput,
): Promise<({ readonly id: string; readonly task: Task } | Refused)[]> => {
  await context.owners.require(caller, request.workerId);
  return inTurn(context, caller, request, { done: new Map(), answer: (task, id) => ({ id, task }) });
};

/** The same for a caller that knows the tasks: its completions travel together, and their rows stay in the database. */
export const updateTasksMinimal = async (
  context: Context,
  caller: Caller,
  request: UpdateTasksInput,
): Promise<(MinimalTaskUpdate | Refused)[]> => {
  await context.owners.require(caller, request.workerId);
  const answer = ({ status, completed_at }: Task, id: string) => ({ id, status, completed_at });
  return inTurn(context, caller, request, { done: await completeTogether(context, request), answer });
};
