import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const CancelOptions = z.object({ id: PathId });
/** The options of `tasks cancel`. */
export type CancelOptions = z.infer<typeof CancelOptions>;

/** `joblib tasks cancel <id>`. */
export const cancelCommand = (tools: Tools, run: CommandHandler<ClientContext, CancelOptions> = cancelTask) =>
  new Command("cancel")
    .description(
      "Cancel a task. If it is running, its worker is notified. Only its submitter and admins can cancel it.",
    )
    .argument("<id>", "task id")
    .addHelpText("after", "\nExample:\n  $ joblib tasks cancel 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, CancelOptions, run));

/** Cancels the task. A task that has already ended is a conflict. */
export const cancelTask: CommandHandler<ClientContext, CancelOptions> = async (
  { io, client, signal },
  { id },
) => {
  const cancelled = await client.tasks.cancel(id, { signal });
  io.printResult(cancelled, (task) => `cancelled ${task.id}`);
  return EXIT.ok;
};
