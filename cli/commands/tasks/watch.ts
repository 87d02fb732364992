import { Command } from "commander";
import * as z from "zod";
import type { Task } from "../../../protocol/task.ts";
import { isTerminal } from "../../../protocol/task-status.ts";
import { onClient } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, Run, Tools } from "../../tools.ts";
import { LOG_STYLES, logLineText } from "../../views/log-view.ts";
import { taskView, waitingText } from "../../views/task-view.ts";
import { exitOfTask } from "../../wait-for-task.ts";

const WatchOptions = z.object({ id: PathId });
/** What `tasks watch` is asked. */
export type WatchOptions = z.infer<typeof WatchOptions>;

/** `joblib tasks watch <id>`. */
export const watchCommand = (tools: Tools, run: Run<ClientContext, WatchOptions> = watchTask) =>
  new Command("watch")
    .description(
      "Follow a task to its end: status, place in the queue and progress in one line that moves, its log above it, then the task.",
    )
    .argument("<id>", "the task's id, as submit printed it")
    .addHelpText(
      "after",
      `
The exit code is that of \`tasks status --wait\`: 0 completed, 1 failed, 10 cancelled. Ctrl-C stops watching, not the task.

Example:
  $ joblib tasks watch 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47`,
    )
    .action(onClient(tools, WatchOptions, run));

/** Log and status go to stderr as they come, the task as it ended to stdout. */
export const watchTask: Run<ClientContext, WatchOptions> = async ({ io, client, signal }, { id }) => {
  const spinner = await io.spinner(id);
  let status: Task["status"] | undefined;
  try {
    for await (const { event, data } of client.follow("followTask", { task_id: id }, { signal })) {
      if (event === "log") {
        for (const line of data.items) {
          io.event({ event: "log", ...line }, logLineText(line), LOG_STYLES[line.level]);
        }
        continue;
      }
      spinner.say(waitingText(data));
      if (data.status !== status && !io.isWatched) {
        io.event({ event: "status", task: id, status: data.status }, waitingText(data));
      }
      status = data.status;
      if (!isTerminal(data.status)) continue;
      spinner.stop();
      io.result(data, (safe) => taskView(safe, io.paint, io.width !== undefined));
      return exitOfTask(data);
    }
    return EXIT.notFinished;
  } finally {
    spinner.stop();
  }
};
