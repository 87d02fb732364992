import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { followTask } from "../../run/follow-task.ts";
import { getTaskExitCode } from "../../run/wait-for-task.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { OutputPrinter } from "../../views/output-printer.ts";
import { formatTask } from "../../views/task-view.ts";

export function watchCommand(tools: Tools) {
  return new Command("watch")
    .description(
      "Watch a task until it ends: its status, queue position, progress and last log lines, updated in place, and its output as it grows. Then print the task.",
    )
    .argument("<id>", "task id")
    .addHelpText(
      "after",
      `
If stderr is not a terminal, each change and log line is printed as a line.
Output is printed to stdout, as by \`joblib tasks output\`; with --json each part
is an event on stderr. On a terminal, the view that is updated in place
disappears when the task writes its first output. The exit code is 0 if the task
completed, 1 if it failed, 10 if it was cancelled.
Ctrl-C stops watching; the task continues.

Example:
  $ joblib tasks watch 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47`,
    )
    .action(clientAction(tools, IdOptions, watchTask));
}

/**
 * Prints status and log to stderr and output to stdout while the task runs, and then the finished
 * task to stdout.
 */
export async function watchTask(context: ClientContext, { id }: IdOptions): Promise<ExitCode> {
  const { io } = context;
  const task = await followTask(context, {
    ...{ id, wait: true },
    printer: new OutputPrinter(io, "events"),
  });
  if (task === undefined) return EXIT.notFinished;
  io.printResult(task, (safe) => formatTask(safe, io.paint, io.width));
  return getTaskExitCode(task);
}
