import { resultOf, type TaskEnvironment } from "./task-environment.ts";
import { deliver, type Fence, ONCE } from "./task-update.ts";

/** Offers what was worked out before a loss was known: the server refuses it, and keeps it for the task's submitter. */
export const reportLateResult = async (
  home: TaskEnvironment,
  task: Fence & { readonly jobName: string },
  result: unknown,
): Promise<void> => {
  try {
    const update = { status: "completed", result: resultOf(home, task.jobName, result) } as const;
    await deliver(home.updates, task, { update, policy: ONCE, timeoutSeconds: 10 });
  } catch (error) {
    home.logger.info({ err: error, task: task.id }, "a result that came too late was offered");
  }
};
