import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { integer, PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const AdoptOptions = z.object({ id: PathId, attempt: integer(1, 2_147_483_647).optional() });
/** What `tasks adopt` is asked. */
export type AdoptOptions = z.infer<typeof AdoptOptions>;

/** `joblib tasks adopt <id>`. */
export const adoptCommand = (tools: Tools, run: CommandHandler<ClientContext, AdoptOptions> = adoptTask) =>
  new Command("adopt")
    .description(
      "Complete a task with the result of a worker that was given up and came back, by who submitted it or an admin. Such a result is refused when it comes, and kept.",
    )
    .argument("<id>", "the task's id")
    .option("--attempt <n>", "the attempt whose result it is; the last that came")
    .addHelpText("after", "\nExample:\n  $ joblib tasks adopt 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, AdoptOptions, run));

/** Whoever works on the task now is told to let go; one that is completed is a conflict. */
export const adoptTask: CommandHandler<ClientContext, AdoptOptions> = async (
  { io, client, signal },
  { id, attempt },
) => {
  const body = attempt === undefined ? {} : { attempt };
  const answer = await client.call("adoptLateResult", { params: { task_id: id }, body }, { signal });
  io.result(answer.body, (task) => `${task.id} is completed`);
  return EXIT.fine;
};
