import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId, Wait } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatTask } from "../../views/task-view.ts";
import { parseWaitValue } from "../../wait-argument.ts";
import { getTaskExitCode, waitForTask } from "../../wait-for-task.ts";

const StatusOptions = z.object({ id: PathId, wait: Wait.optional() });
/** What `tasks status` is asked. */
export type StatusOptions = z.infer<typeof StatusOptions>;

/** `joblib tasks status <id>`. */
export const statusCommand = (tools: Tools, run: CommandHandler<ClientContext, StatusOptions> = showStatus) =>
  new Command("status")
    .description("Show a task: where it stands, its place in the queue, its progress, its result.")
    .argument("<id>", "the task's id, as submit printed it")
    .option("--wait [seconds]", "until it has ended, or so many seconds at most", parseWaitValue)
    .addHelpText(
      "after",
      `
Without --wait the exit code is 0 whatever the status. With it: 0 completed,
1 failed, 8 not finished yet, 10 cancelled.

Examples:
  $ joblib tasks status 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks status $ID --wait 60 --json | jq .result`,
    )
    .action(clientAction(tools, StatusOptions, run));

/** Reads a task once, or follows it to its end. */
export const showStatus: CommandHandler<ClientContext, StatusOptions> = async (context, { id, wait }) => {
  const { io, client, signal } = context;
  // Read once before waiting: a wrong id or a server that is not there is told at once.
  const answer = await client.call("readTask", { params: { task_id: id } }, { signal });
  if (answer.status === 304) throw new TypeError("a read without an ETag was answered 304");
  const task = wait === undefined ? answer.body : await waitForTask(context, answer.body, wait);
  io.result(task, (safe) => formatTask(safe, io.paint, io.width));
  return wait === undefined ? EXIT.fine : getTaskExitCode(task);
};
