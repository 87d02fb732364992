import { Command } from "commander";
import { parseJobName } from "../../protocol/job-name.ts";
import { GLOBAL_ROOM } from "../../protocol/rooms.ts";
import { clientAction, localAction } from "../action.ts";
import { UsageError } from "../io/errors.ts";
import { addRunJobOptions, RunFileOptions, RunJobOptions } from "../run/run-options.ts";
import type { ClientContext, CommandHandler, LocalContext, Tools } from "../tools.ts";

/** The functions that run a job or a file. Tests replace them. */
export interface Runners {
  readonly job: CommandHandler<ClientContext, RunJobOptions>;
  readonly file: CommandHandler<LocalContext, RunFileOptions>;
}

const RUNNERS: Runners = {
  job: async (context, options) => (await import("../run/run-job.ts")).runJob(context, options),
  file: async (context, options) => (await import("../run/run-file.ts")).runFile(context, options),
};

/** Creates the command `joblib run`. Its first argument is a job, or a file with the class for `--task`. */
export function runCommand(tools: Tools, runners: Runners = RUNNERS) {
  const command = new Command("run")
    .description(
      "Submit a task. The parameters of the job are flags: `joblib run <job> --help` shows them. With --wait, print the result of the task. With an extensions file and --task, run an exported task locally, without a server.",
    )
    .argument("[job]", "full name of the job, such as public:modifiers:Rotate, or an extensions file")
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .usage("[options] <job> [parameters]\n       joblib run [options] <extensions-file> --task <task-file>");
  return addRunJobOptions(command)
    .option(
      "--task <file>",
      "with an extensions file: the task to run, from `joblib tasks export`; - reads stdin",
    )
    .option(
      "--inspect [port]",
      "with an extensions file: allow a debugger to attach to this port (9229 if none is given)",
    )
    .option(
      "--inspect-brk [port]",
      "with an extensions file: wait for a debugger, and stop before the extension's `run` method",
    )
    .option("-h, --help", "display help; with a job: show its parameters")
    .addHelpText(
      "after",
      `
On a terminal, joblib asks for missing parameters. If a parameter has the same
name as an option of \`joblib run\`, pass it after \`--\`, for example
\`joblib run <job> -- --priority high\`.

With --wait the exit code is 0 if the task completed, 1 if it failed, 8 if it
did not finish in time, 10 if it was cancelled.

Examples:
  $ joblib run public:modifiers:Rotate --help
  $ joblib run public:modifiers:Rotate --angle 90 --axis x --wait
  $ echo '{"angle": 90}' | joblib run lab:modifiers:Rotate --axis x \\
      --payload-file -
  $ joblib run ./extensions.ts --task task.json --inspect-brk`,
    )
    .action((...actionArguments: unknown[]) => runTarget(command, tools, runners, actionArguments));
}

/** Runs a file or a job, whichever the first argument names. */
async function runTarget(
  command: Command,
  tools: Tools,
  runners: Runners,
  actionArguments: readonly unknown[],
): Promise<void> {
  const [target] = actionArguments;
  if (typeof target !== "string" || target.startsWith("-")) {
    if (command.getOptionValue("help") === true) return command.outputHelp();
    throw new UsageError(
      target === undefined
        ? "missing required argument 'job'. Pass the name of a job, or an extensions file."
        : `the job must come before its parameters: joblib run <job> ${target} …`,
    );
  }
  if (isFile(target)) return localAction(tools, RunFileOptions, runners.file)(...actionArguments);
  rejectOptions(command, "task", "inspect", "inspectBrk");
  return clientAction(tools, RunJobOptions, runners.job)(...actionArguments);
}

function isFile(target: string) {
  return parseJobName(target, GLOBAL_ROOM).kind === "invalid" && /\.[cm]?[jt]sx?$/.test(target);
}

function rejectOptions(command: Command, ...names: readonly string[]): void {
  const name = names.find((option) => command.getOptionValue(option) !== undefined);
  if (name === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === name)?.long;
  throw new UsageError(
    `${flag} needs an extensions file instead of a job, such as \`joblib run ./extensions.ts --task task.json\``,
  );
}
