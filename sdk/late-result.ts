import { type TaskEnvironment, toResult } from "./task-environment.ts";
import { deliverUpdate, type Lease, NO_RETRY } from "./task-update.ts";

/** Offers what was worked out before a loss was known: the server refuses it, and keeps it for the task's submitter. */
export const reportLateResult = async (
  home: TaskEnvironment,
  task: Lease & { readonly jobName: string },
  result: unknown,
): Promise<void> => {
  try {
    const update = { status: "completed", result: toResult(home, task.jobName, result) } as const;
    await deliverUpdate(home.updates, task, { update, policy: NO_RETRY, timeoutSeconds: 10 });
  } catch (error) {
    home.logger.info({ err: error, task: task.id }, "a result that came too late was offered");
  }
};
