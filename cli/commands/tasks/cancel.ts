import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";

export function cancelCommand(tools: Tools) {
  return new Command("cancel")
    .description(
      "Cancel a task. If it is running, its worker is notified. The submitter of the task, the owner of the worker that runs it, and admins can cancel it.",
    )
    .argument("<id>", "task id")
    .addHelpText("after", "\nExample:\n  $ joblib tasks cancel 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, IdOptions, cancelTask));
}

/** Cancels a task. If the task has already ended, the server responds with a conflict. */
export async function cancelTask(
  { io, client, signal }: ClientContext,
  { id }: IdOptions,
): Promise<ExitCode> {
  const cancelled = await client.tasks.cancel(id, { signal });
  io.printResult(cancelled, (task) => `cancelled ${task.id}`);
  return EXIT.ok;
}
