import { isTerminal, type TaskStatus } from "../../protocol/tasks/status.ts";
import type { SubmittedTask } from "../../protocol/tasks/submit.ts";
import type { Task } from "../../protocol/tasks/task.ts";
import type { Wait } from "../connect/options.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Io } from "../io/output.ts";
import type { ClientContext } from "../tools.ts";
import { formatTaskStatus } from "../views/task-view.ts";

/** Time after the end of the wait for which requests to an unreachable server are still retried. */
const GRACE_SECONDS = 5;

/** Waits until a task ends or the time expires, with a spinner. Returns the last known state of the task. */
export async function waitForTask(
  { io, client, signal }: ClientContext,
  task: Task,
  wait: Wait,
): Promise<Task> {
  if (isTerminal(task.status) || wait === 0) return task;
  let last = task;
  const timeout = wait === true ? undefined : AbortSignal.timeout((wait + GRACE_SECONDS) * 1000);
  const spinner = await io.startSpinner(formatTaskStatus(task));
  try {
    return await client.awaitTask(task.id, {
      signal: timeout === undefined ? signal : AbortSignal.any([signal, timeout]),
      onChange: (current) => {
        last = current;
        spinner.setText(formatTaskStatus(current));
      },
      ...(wait === true ? {} : { wait }),
    });
  } catch (error) {
    if (timeout?.aborted === true && !signal.aborted) return last;
    throw error;
  } finally {
    spinner.stop();
  }
}

const EXIT_BY_STATUS: Record<TaskStatus, ExitCode> = {
  pending: EXIT.notFinished,
  claimed: EXIT.notFinished,
  running: EXIT.notFinished,
  completed: EXIT.ok,
  failed: EXIT.taskFailed,
  cancelled: EXIT.cancelled,
};

/** Returns the exit code of a command that waited for a task. */
export function getTaskExitCode({ status }: Pick<Task, "status">): ExitCode {
  return EXIT_BY_STATUS[status];
}

/** Prints a note if no worker can run a new task. */
export function printIfNoWorker(io: Io, { workers_online, status }: SubmittedTask): void {
  if (workers_online !== 0 || status !== "pending") return;
  io.printNote("no worker for this job is online; the task stays pending until one connects", "dim");
}
