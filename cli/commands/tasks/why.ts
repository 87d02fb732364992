import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { wrap } from "../../wrap.ts";

const WhyOptions = z.object({ id: PathId });
/** The options of `tasks why`. */
export type WhyOptions = z.infer<typeof WhyOptions>;

/** `joblib tasks why <id>`. */
export const whyCommand = (tools: Tools, run: CommandHandler<ClientContext, WhyOptions> = showDiagnosis) =>
  new Command("why")
    .description("Explain in one sentence why a task is not running, or what it is doing.")
    .argument("<id>", "task id")
    .addHelpText(
      "after",
      `
With --json, \`reason\` is not-due, retrying, job-gone, no-worker, workers-busy,
next, claimed, running or finished, and the numbers of the sentence are separate
fields.

Examples:
  $ joblib tasks why 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks why $ID --json | jq -r .reason`,
    )
    .action(clientAction(tools, WhyOptions, run));

/** Prints the server's diagnosis. */
export const showDiagnosis: CommandHandler<ClientContext, WhyOptions> = async (
  { io, client, signal },
  { id },
) => {
  const diagnosis = await client.tasks.diagnose(id, { signal });
  io.printResult(diagnosis, ({ sentence }) => (io.width === undefined ? sentence : wrap(sentence, io.width)));
  return EXIT.ok;
};
