import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { LocalContext, Tools } from "../tools.ts";

const CompletionOptions = z.object({
  shell: z.enum(SHELLS, { error: `must be one of ${SHELLS.join(", ")}` }),
});
type CompletionOptions = z.infer<typeof CompletionOptions>;

export function completionCommand(tools: Tools) {
  return new Command("completion")
    .description(
      "Print the completion script for a shell. The script completes commands and options. It also completes the names of rooms, jobs, parameters, tasks and workers, which it reads from the server.",
    )
    .argument("<shell>", SHELLS.join(", "))
    .addHelpText(
      "after",
      `
Examples:
  $ source <(joblib completion bash)           # in ~/.bashrc
  $ source <(joblib completion zsh)            # in ~/.zshrc, after compinit
  $ joblib completion fish > ~/.config/fish/completions/joblib.fish`,
    )
    .action(localAction(tools, CompletionOptions, printScript));
}

export async function printScript({ io }: LocalContext, { shell }: CompletionOptions): Promise<ExitCode> {
  io.printDocument(SCRIPTS[shell]);
  return EXIT.ok;
}
