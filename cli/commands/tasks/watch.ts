import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { followTask } from "../../follow-task.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatTask } from "../../views/task-view.ts";
import { getTaskExitCode } from "../../wait-for-task.ts";

const WatchOptions = z.object({ id: PathId });
/** What `tasks watch` is asked. */
export type WatchOptions = z.infer<typeof WatchOptions>;

/** `joblib tasks watch <id>`. */
export const watchCommand = (tools: Tools, run: CommandHandler<ClientContext, WatchOptions> = watchTask) =>
  new Command("watch")
    .description(
      "Follow a task to its end in one view that is drawn again in its place: status, place in the queue, progress, the last lines of its log; then the task.",
    )
    .argument("<id>", "the task's id, as submit printed it")
    .addHelpText(
      "after",
      `
Where stderr is no terminal, each step and each line of the log is a line there.
The exit code is that of \`tasks status --wait\`: 0 completed, 1 failed,
10 cancelled. Ctrl-C stops watching, not the task.

Example:
  $ joblib tasks watch 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47`,
    )
    .action(clientAction(tools, WatchOptions, run));

/** Log and status go to stderr as they come, the task as it ended to stdout. */
export const watchTask: CommandHandler<ClientContext, WatchOptions> = async (context, { id }) => {
  const { io } = context;
  const task = await followTask(context, { id, wait: true });
  if (task === undefined) return EXIT.notFinished;
  io.result(task, (safe) => formatTask(safe, io.paint, io.width));
  return getTaskExitCode(task);
};
