import { type TaskEnvironment, toResult } from "./task-environment.ts";
import { deliverUpdate, type Lease, NO_RETRY } from "./task-update.ts";

/**
 * Sends a late result: the server rejects the update, but stores the result so that the submitter can
 * adopt it. Never throws.
 */
export const reportLateResult = async (
  environment: TaskEnvironment,
  task: Lease & { readonly jobName: string },
  result: unknown,
): Promise<void> => {
  try {
    const update = { status: "completed", result: toResult(environment, task.jobName, result) } as const;
    await deliverUpdate(environment.updates, task, { update, policy: NO_RETRY, timeoutSeconds: 10 });
  } catch (error) {
    environment.logger.info({ err: error, task: task.id }, "sent a late result");
  }
};
