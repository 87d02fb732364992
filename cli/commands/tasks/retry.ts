import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";

export function retryCommand(tools: Tools) {
  return new Command("retry")
    .description(
      "Retry a failed or cancelled task: it becomes pending at the end of the queue. Only its submitter and admins can retry it.",
    )
    .argument("<id>", "task id")
    .addHelpText("after", "\nExample:\n  $ joblib tasks retry 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, IdOptions, retryTask));
}

/**
 * Makes a failed or cancelled task pending. For any other status, the server responds with a
 * conflict.
 */
export async function retryTask({ io, client, signal }: ClientContext, { id }: IdOptions): Promise<ExitCode> {
  const retried = await client.tasks.retry(id, { signal });
  io.printResult(retried, (task) => `retried ${task.id}`);
  return EXIT.ok;
}
