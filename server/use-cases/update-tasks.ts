import type { ProblemDocument, Task, TaskUpdates } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { told } from "./outcome.ts";
import { updateTask } from "./update-task.ts";

/** What became of one of the updates. */
export type UpdateResult =
  | { readonly id: string; readonly task: Task }
  | { readonly id: string; readonly problem: ProblemDocument };

/** Many steps of one worker's tasks; those of one task in their order, and a failure holds up no other task. */
export const updateTasks = async (
  context: Context,
  caller: Caller,
  request: {
    readonly workerId: string;
    readonly updates: TaskUpdates["updates"];
    readonly describe: (error: unknown, pointer: string) => ProblemDocument;
  },
): Promise<UpdateResult[]> => {
  const { workerId, updates, describe } = request;
  await context.owners.require(caller, workerId);
  const latest = new Map<string, Promise<unknown>>();
  const one = async (
    { id: taskId, ...update }: TaskUpdates["updates"][number],
    index: number,
  ): Promise<UpdateResult> => {
    try {
      const outcome = await updateTask(context, caller, {
        taskId,
        update: { ...update, worker_id: workerId },
      });
      return { id: taskId, task: told(context, outcome) };
    } catch (error) {
      return { id: taskId, problem: describe(error, `/updates/${index}`) };
    }
  };
  return Promise.all(
    updates.map((update, index) => {
      const before = latest.get(update.id) ?? Promise.resolve();
      const result = before.then(() => one(update, index));
      latest.set(update.id, result);
      return result;
    }),
  );
};
