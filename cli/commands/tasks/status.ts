import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { parseWaitValue } from "../../connect/option-values.ts";
import { PathId, Wait } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { getTaskExitCode, waitForTask } from "../../run/wait-for-task.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { formatTask } from "../../views/task-view.ts";

const StatusOptions = z.object({ id: PathId, wait: Wait.optional() });
type StatusOptions = z.infer<typeof StatusOptions>;

export function statusCommand(tools: Tools) {
  return new Command("status")
    .description("Show a task: its status, queue position, progress and result.")
    .argument("<id>", "task id")
    .option(
      "--wait [seconds]",
      "wait until the task ends; with a number, wait at most that many seconds",
      parseWaitValue,
    )
    .addHelpText(
      "after",
      `
With --wait the exit code is 0 if the task completed, 1 if it failed, 8 if it
did not finish in time, 10 if it was cancelled. Without --wait it does not
depend on the status.

Examples:
  $ joblib tasks status 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks status $ID --wait 60 --json | jq .result`,
    )
    .action(clientAction(tools, StatusOptions, showStatus));
}

/** Prints a task. With `--wait`, first waits until the task has ended. */
export async function showStatus(context: ClientContext, { id, wait }: StatusOptions): Promise<ExitCode> {
  const { io, client, signal } = context;
  // The task is read once before the wait, so that the command immediately fails for a wrong id or
  // an unreachable server.
  const current = await client.tasks.get(id, { signal });
  const task = wait === undefined ? current : await waitForTask(context, current, wait);
  io.printResult(task, (safe) => formatTask(safe, io.paint, io.width));
  return wait === undefined ? EXIT.ok : getTaskExitCode(task);
}
