import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";
import { EXIT } from "../exit-codes.ts";
import type { CommandHandler, LocalContext, Tools } from "../tools.ts";

const CompletionOptions = z.object({
  shell: z.enum(SHELLS, { error: `must be one of ${SHELLS.join(", ")}` }),
});
/** What `completion` is asked. */
export type CompletionOptions = z.infer<typeof CompletionOptions>;

/** `joblib completion <shell>`. */
export const completionCommand = (
  tools: Tools,
  run: CommandHandler<LocalContext, CompletionOptions> = printScript,
) =>
  new Command("completion")
    .description(
      "Print the script that completes joblib's commands and options in a shell, and rooms, jobs, their parameters and tasks from the server that the line is about.",
    )
    .argument("<shell>", SHELLS.join(", "))
    .addHelpText(
      "after",
      `
Examples:
  $ source <(joblib completion bash)           # in ~/.bashrc
  $ source <(joblib completion zsh)            # in ~/.zshrc, behind compinit
  $ joblib completion fish > ~/.config/fish/completions/joblib.fish`,
    )
    .action(localAction(tools, CompletionOptions, run));

/** Prints one of the scripts. */
export const printScript: CommandHandler<LocalContext, CompletionOptions> = async ({ io }, { shell }) => {
  io.document(SCRIPTS[shell]);
  return EXIT.fine;
};
