import type { MinimalTaskUpdate, ProblemDocument, TaskUpdates } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { Completion } from "../../records.ts";
import { isUuid } from "../../storage/ids.ts";
import { catchUnknownOutcome } from "../../storage/sessions/storage-errors.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { createTaskChangedEvent, publish } from "../events.ts";
import { appendOutput } from "./append-output.ts";
import { updateTask } from "./update-task.ts";

type Update = TaskUpdates["updates"][number];

export interface RejectedUpdate {
  readonly id: string;
  readonly problem: ProblemDocument;
}

interface UpdateTasksInput {
  readonly workerId: string;
  readonly updates: readonly Update[];
  /** Converts an error. `pointer` is the JSON Pointer of the update in the body. */
  readonly toProblem: (error: unknown, pointer: string) => ProblemDocument;
}

/** Applies updates of a worker's tasks. Each update succeeds or fails on its own. */
export async function updateTasks(
  context: Context,
  caller: Caller,
  input: UpdateTasksInput,
): Promise<({ readonly id: string; readonly task: WireTask } | RejectedUpdate)[]> {
  await context.owners.requireOwner(caller, input.workerId);
  return applyUpdates(context, caller, input, (id, task) => ({ id, task }));
}

/**
 * Applies the updates of a request with `Prefer: return=minimal`. Updates that only complete a task
 * share one statement; updates that only append output do not read the task.
 */
export async function updateTasksMinimal(
  context: Context,
  caller: Caller,
  input: UpdateTasksInput,
): Promise<(MinimalTaskUpdate | RejectedUpdate)[]> {
  await context.owners.requireOwner(caller, input.workerId);
  const toResult = (id: string, { status, completed_at }: WireTask) => ({ id, status, completed_at });
  const [completed, appended] = await Promise.all([
    completeTasks(context, input),
    appendOutputs(context, caller, input),
  ]);
  const done = appended.size === 0 ? completed : new Map([...completed, ...appended]);
  return applyUpdates(context, caller, input, toResult, done);
}

/**
 * Applies the updates that only append to outputs and contain their attempt, without reading the
 * tasks. Returns the results, except those of updates whose attempt is not running.
 */
async function appendOutputs(
  context: Context,
  caller: Caller,
  { workerId, updates, toProblem }: UpdateTasksInput,
): Promise<ReadonlyMap<Update, MinimalTaskUpdate | RejectedUpdate>> {
  const results = new Map<Update, MinimalTaskUpdate | RejectedUpdate>();
  if (updates.every(({ output }) => output === undefined)) return results;
  const ids = new Set<string>();
  const appends = updates.map(async (update, index) => {
    const { id, attempt, output, ...rest } = update;
    // Only the first update of a task can be applied early, because later ones must be applied
    // after it.
    const isFirst = !ids.has(id);
    ids.add(id);
    const isOther = Object.values(rest).some((member) => member !== undefined);
    if (!isFirst || isOther || output === undefined || attempt === undefined || !isUuid(id)) return;
    try {
      const input = { taskId: id, attempt, workerId: workerId.toLowerCase(), output };
      if (await appendOutput(context, caller, input))
        results.set(update, { id, status: "running", completed_at: null });
    } catch (error) {
      results.set(update, { id, problem: toProblem(error, `/updates/${index}`) });
    }
  });
  await Promise.all(appends);
  return results;
}

/**
 * Applies, in one statement, all updates that only complete a task. Returns the results of those
 * that succeeded.
 */
async function completeTasks(
  context: Context,
  { workerId, updates }: UpdateTasksInput,
): Promise<ReadonlyMap<Update, MinimalTaskUpdate>> {
  const completions = new Map<Update, Completion>();
  const ids = new Set<string>();
  for (const update of updates) {
    const completion = toCompletion(context, workerId, update);
    // Only the first update of each task can be part of the statement, because later updates of the
    // task must be applied after it.
    if (completion !== undefined && !ids.has(update.id)) completions.set(update, completion);
    ids.add(update.id);
  }
  if (completions.size === 0) return new Map();
  // If the response of the database was lost, each update is applied again on its own, which is
  // idempotent.
  const completed = await catchUnknownOutcome(context.storage.queue.complete([...completions.values()]));
  const results = new Map<Update, MinimalTaskUpdate>();
  [...completions.keys()].forEach((update, index) => {
    const { completedAt: completed_at } = completed?.[index] ?? {};
    if (completed_at !== undefined) results.set(update, { id: update.id, status: "completed", completed_at });
  });
  const succeeded = completed?.filter((one) => one !== undefined) ?? [];
  context.meter.completed(succeeded);
  const events = succeeded.map(({ id, roomId: room_id }) =>
    createTaskChangedEvent({ task: { id, room_id, status: "completed" } }),
  );
  publish(context, events);
  return results;
}

/**
 * Converts an update to a completion. Returns undefined if the update does more than complete the
 * task, or if a request waits for the end of the task and needs its whole row.
 */
function toCompletion(
  { taskEnds }: Context,
  workerId: string,
  { id, status, attempt, progress, log, output, result }: Update,
): Completion | undefined {
  if (status !== "completed" || attempt === undefined) return undefined;
  if (progress !== undefined || log !== undefined || output !== undefined) return undefined;
  if (!isUuid(id) || taskEnds.listenerCount(id.toLowerCase()) > 0) return undefined;
  return { id, workerId: workerId.toLowerCase(), attempt, result };
}

/** Applies all updates that are not in `done`, those of the same task one after the other. */
async function applyUpdates<Result>(
  context: Context,
  caller: Caller,
  { workerId, updates, toProblem }: UpdateTasksInput,
  toResult: (id: string, task: WireTask) => Result,
  done: ReadonlyMap<Update, Result | RejectedUpdate> = new Map(),
): Promise<(Result | RejectedUpdate)[]> {
  // Avoids a promise for each update.
  if (done.size === updates.length) return updates.flatMap((update) => done.get(update) ?? []);
  const latest = new Map<string, Promise<unknown>>();

  async function apply({ id, ...update }: Update, index: number): Promise<Result | RejectedUpdate> {
    try {
      const input = { taskId: id, update: { ...update, worker_id: workerId } };
      return toResult(id, await updateTask(context, caller, input));
    } catch (error) {
      return { id, problem: toProblem(error, `/updates/${index}`) };
    }
  }

  function applyInOrder(update: Update, index: number): Promise<Result | RejectedUpdate> {
    const previous = latest.get(update.id) ?? Promise.resolve();
    const current = previous.then(() => apply(update, index));
    latest.set(update.id, current);
    return current;
  }

  return Promise.all(updates.map((update, index) => done.get(update) ?? applyInOrder(update, index)));
}
