import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const DrainOptions = z.object({ id: PathId });
/** What `workers drain` is asked. */
export type DrainOptions = z.infer<typeof DrainOptions>;

/** `joblib workers drain <id>`. */
export const drainCommand = (tools: Tools, run: CommandHandler<ClientContext, DrainOptions> = drainWorker) =>
  new Command("drain")
    .description(
      "Give a worker no task any more, by who made it or an admin: it finishes what it holds, and its process ends with 0.",
    )
    .argument("<id>", "the worker's id, as workers list shows it")
    .addHelpText("after", "\nExample:\n  $ joblib workers drain 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, DrainOptions, run));

/** Drains it, and says what is left for it to do. */
export const drainWorker: CommandHandler<ClientContext, DrainOptions> = async (
  { io, client, signal },
  { id },
) => {
  const { body } = await client.call("drainWorker", { params: { worker_id: id } }, { signal });
  io.result(body, ({ name, task_count }) => {
    const tasks = task_count === 1 ? "1 task" : `${task_count} tasks`;
    const rest = task_count === 0 ? "it holds none" : `it finishes the ${tasks} that it holds`;
    return `${name ?? body.id} takes no new tasks; ${rest}`;
  });
  return EXIT.fine;
};
