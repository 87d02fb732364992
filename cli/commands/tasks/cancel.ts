import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const CancelOptions = z.object({ id: PathId });
/** What `tasks cancel` is asked. */
export type CancelOptions = z.infer<typeof CancelOptions>;

/** `joblib tasks cancel <id>`. */
export const cancelCommand = (tools: Tools, run: CommandHandler<ClientContext, CancelOptions> = cancelTask) =>
  new Command("cancel")
    .description("Cancel a task, by who submitted it or an admin. A worker that runs it is told to stop.")
    .argument("<id>", "the task's id")
    .addHelpText("after", "\nExample:\n  $ joblib tasks cancel 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, CancelOptions, run));

/** Moves the task to cancelled; one that has ended already is a conflict. */
export const cancelTask: CommandHandler<ClientContext, CancelOptions> = async (
  { io, client, signal },
  { id },
) => {
  const { body } = await client.call(
    "updateTask",
    { params: { task_id: id }, body: { status: "cancelled" } },
    { signal },
  );
  io.result(body, (task) => `cancelled ${task.id}`);
  return EXIT.fine;
};
