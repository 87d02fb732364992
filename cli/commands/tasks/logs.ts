import { Command } from "commander";
import * as z from "zod";
import type { LogLine, LogPage } from "../../../protocol/tasks/log.ts";
import { isTerminal } from "../../../protocol/tasks/status.ts";
import { clientAction } from "../../action.ts";
import { PathId } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { getTaskExitCode } from "../../run/wait-for-task.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { formatColoredLogLine, formatWrappedLogLine } from "../../views/log-view.ts";

const LogsOptions = z.object({ id: PathId, follow: z.boolean().default(false) });
type LogsOptions = z.infer<typeof LogsOptions>;

const PAGE_SIZE = 1000;

export function logsCommand(tools: Tools) {
  return new Command("logs")
    .description(
      "Print the log of a task. It includes console output if the worker runs with --keep-console.",
    )
    .argument("<id>", "task id")
    .option("-f, --follow", "keep printing new lines until the task ends")
    .addHelpText(
      "after",
      `
With --follow the exit code is 0 if the task completed, 1 if it failed, 10 if it
was cancelled. With --json each line is an object: attempt, number, at, level,
text.

Examples:
  $ joblib tasks logs 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks logs $ID --follow --json | jq -r .text`,
    )
    .action(clientAction(tools, LogsOptions, showLogs));
}

/** Prints the log. With `--follow`, also prints new lines until the task ends. */
export async function showLogs(context: ClientContext, { id, follow }: LogsOptions): Promise<ExitCode> {
  const { client, signal } = context;
  if (follow) {
    for await (const { event, data } of client.tasks.follow(id, { signal })) {
      if (event === "log") printLog(context, data.items);
      else if (isTerminal(data.status)) return getTaskExitCode(data);
    }
  }
  let after: string | undefined;
  for (;;) {
    const query = { limit: PAGE_SIZE, ...(after !== undefined && { after }) };
    const page: LogPage = await client.tasks.readLogs(id, query, { signal });
    printLog(context, page.items);
    if (page.items.length < PAGE_SIZE || page.after === null) return EXIT.ok;
    after = page.after;
  }
}

function printLog({ io }: Pick<ClientContext, "io">, lines: readonly LogLine[]): void {
  const { paint, width } = io;
  for (const line of lines) {
    io.printLine(
      line,
      width === undefined ? formatColoredLogLine(paint, line) : formatWrappedLogLine(paint, line, width),
    );
  }
}
