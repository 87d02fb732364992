import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const RetryOptions = z.object({ id: PathId });
/** The options of `tasks retry`. */
export type RetryOptions = z.infer<typeof RetryOptions>;

/** `joblib tasks retry <id>`. */
export const retryCommand = (tools: Tools, run: CommandHandler<ClientContext, RetryOptions> = retryTask) =>
  new Command("retry")
    .description(
      "Retry a failed or cancelled task: it becomes pending at the end of the queue. Only its submitter and admins can retry it.",
    )
    .argument("<id>", "task id")
    .addHelpText("after", "\nExample:\n  $ joblib tasks retry 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, RetryOptions, run));

/** Makes the task pending. A task in any other state is a conflict. */
export const retryTask: CommandHandler<ClientContext, RetryOptions> = async (
  { io, client, signal },
  { id },
) => {
  const retried = await client.tasks.retry(id, { signal });
  io.printResult(retried, (task) => `retried ${task.id}`);
  return EXIT.ok;
};
