import { Command } from "commander";
import { parseJobName } from "../../protocol/job-name.ts";
import { GLOBAL_ROOM } from "../../protocol/room.ts";
import { clientAction, localAction } from "../action.ts";
import { UsageError } from "../errors.ts";
import { RunFileOptions } from "../run/run-file-options.ts";
import { addRunJobOptions, RunJobOptions } from "../run/run-options.ts";
import type { ClientContext, CommandHandler, LocalContext, Tools } from "../tools.ts";

/** By what a job and a file's class are run; a test gives its own. */
export interface Runners {
  readonly job: CommandHandler<ClientContext, RunJobOptions>;
  readonly file: CommandHandler<LocalContext, RunFileOptions>;
}

const RUNNERS: Runners = {
  job: async (context, options) => (await import("../run/run-job.ts")).runJob(context, options),
  file: async (context, options) => (await import("../run/run-file.ts")).runFile(context, options),
};

const isFile = (target: string) =>
  parseJobName(target, GLOBAL_ROOM).kind === "invalid" && /\.[cm]?[jt]sx?$/.test(target);

const refuse = (command: Command, ...names: readonly string[]): void => {
  const name = names.find((one) => command.getOptionValue(one) !== undefined);
  if (name === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === name)?.long;
  throw new UsageError(`${flag} is for a file's class: joblib run ./extensions.ts --task task.json`);
};

/** `joblib run <job>`, and `joblib run <file> --task <file>`. */
export const runCommand = (tools: Tools, runners: Runners = RUNNERS) => {
  const command = new Command("run")
    .description(
      "Run a job as if it were a command here: its parameters are flags, and with --wait its result is the output. `joblib run <job> --help` shows its parameters. Or run an exported task here, by a file's class and without a server.",
    )
    .argument("[job]", "the job's full name, such as public:modifiers:Rotate, or a file")
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .usage("[options] <job> [parameters]\n       joblib run [options] <file> --task <file>");
  return addRunJobOptions(command)
    .option("--task <file>", "of a file: the task, as `joblib tasks export` writes it; - is standard input")
    .option("--inspect [port]", "of a file: let a debugger attach (9229)")
    .option("--inspect-brk [port]", "of a file: wait for the debugger, and stop before the class's run")
    .option("-h, --help", "display help: with a job, that job's own parameters")
    .addHelpText(
      "after",
      `
Missing parameters are asked for on a terminal. A parameter that is called as
one of these options stands behind --. The exit code of --wait: 0 completed,
1 failed, 8 not finished, 10 cancelled.

Examples:
  $ joblib run public:modifiers:Rotate --help
  $ joblib run public:modifiers:Rotate --angle 90 --axis x --wait
  $ echo '{"angle": 90}' | joblib run lab:modifiers:Rotate --file - --axis x
  $ joblib run ./extensions.ts --task task.json --inspect-brk`,
    )
    .action(async (...given: unknown[]) => {
      const [target] = given;
      if (typeof target !== "string" || target.startsWith("-")) {
        if (command.getOptionValue("help") === true) return command.outputHelp();
        throw new UsageError(
          target === undefined
            ? "say which job, or which file: joblib run <job>"
            : `the job comes first: joblib run <job> ${target} …`,
        );
      }
      if (isFile(target)) return localAction(tools, RunFileOptions, runners.file)(...given);
      refuse(command, "task", "inspect", "inspectBrk");
      return clientAction(tools, RunJobOptions, runners.job)(...given);
    });
};
