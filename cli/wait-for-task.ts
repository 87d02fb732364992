import type { Task } from "../protocol/task.ts";
import { isTerminal, type TaskStatus } from "../protocol/task-status.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { Wait } from "./options.ts";
import type { ClientContext } from "./tools.ts";
import { formatTaskStatus } from "./views/task-view.ts";

/** How long a server may stay away beyond the end of a wait before the wait counts as over. */
const GRACE_SECONDS = 5;

/** Follows a task on stderr until it has ended, or the wait has; gives it as it was last seen. */
export const waitForTask = async (
  { io, client, signal }: ClientContext,
  task: Task,
  wait: Wait,
): Promise<Task> => {
  if (isTerminal(task.status) || wait === 0) return task;
  let last = task;
  const patience = wait === true ? undefined : AbortSignal.timeout((wait + GRACE_SECONDS) * 1000);
  const spinner = await io.spinner(formatTaskStatus(task));
  try {
    return await client.awaitTask(task.id, {
      signal: patience === undefined ? signal : AbortSignal.any([signal, patience]),
      onChange: (changed) => {
        last = changed;
        spinner.say(formatTaskStatus(changed));
      },
      ...(wait === true ? {} : { wait }),
    });
  } catch (error) {
    if (patience?.aborted === true && !signal.aborted) return last;
    throw error;
  } finally {
    spinner.stop();
  }
};

const EXIT_OF_STATUS: Record<TaskStatus, ExitCode> = {
  pending: EXIT.notFinished,
  claimed: EXIT.notFinished,
  running: EXIT.notFinished,
  completed: EXIT.fine,
  failed: EXIT.taskFailed,
  cancelled: EXIT.cancelled,
};

/** How a command that waited for a task ends. */
export const getTaskExitCode = ({ status }: Task): ExitCode => EXIT_OF_STATUS[status];
