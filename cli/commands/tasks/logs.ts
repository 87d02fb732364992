import { Command } from "commander";
import * as z from "zod";
import type { LogLine, LogPage } from "../../../protocol/log.ts";
import { isTerminal } from "../../../protocol/task-status.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatColoredLogLine, formatWrappedLogLine } from "../../views/log-view.ts";
import { getTaskExitCode } from "../../wait-for-task.ts";

const LogsOptions = z.object({ id: PathId, follow: z.boolean().default(false) });
/** What `tasks logs` is asked. */
export type LogsOptions = z.infer<typeof LogsOptions>;

const PAGE = 1000;

/** `joblib tasks logs <id>`. */
export const logsCommand = (tools: Tools, run: CommandHandler<ClientContext, LogsOptions> = showLogs) =>
  new Command("logs")
    .description(
      "Print what a task's worker said while it ran: its log, and what it printed where the worker keeps that.",
    )
    .argument("<id>", "the task's id, as submit printed it")
    .option("-f, --follow", "go on with what comes, until the task has ended")
    .addHelpText(
      "after",
      `
With --follow the exit code is that of \`tasks status --wait\`: 0 completed,
1 failed, 10 cancelled.
With --json each line is an object: attempt, number, at, level, text.

Examples:
  $ joblib tasks logs 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks logs $ID --follow --json | jq -r .text`,
    )
    .action(clientAction(tools, LogsOptions, run));

const print = ({ io }: Pick<ClientContext, "io">, lines: readonly LogLine[]): void => {
  const { paint, width } = io;
  for (const line of lines) {
    io.line(
      line,
      width === undefined ? formatColoredLogLine(paint, line) : formatWrappedLogLine(paint, line, width),
    );
  }
};

/** Prints the log as it is, or as it grows. */
export const showLogs: CommandHandler<ClientContext, LogsOptions> = async (context, { id, follow }) => {
  const { client, signal } = context;
  if (follow) {
    for await (const { event, data } of client.follow("followTask", { task_id: id }, { signal })) {
      if (event === "log") print(context, data.items);
      else if (isTerminal(data.status)) return getTaskExitCode(data);
    }
  }
  let after: string | undefined;
  for (;;) {
    const query = { limit: PAGE, ...(after !== undefined && { after }) };
    const page: LogPage = (await client.call("readTaskLogs", { params: { task_id: id }, query }, { signal }))
      .body;
    print(context, page.items);
    if (page.items.length < PAGE || page.after === null) return EXIT.fine;
    after = page.after;
  }
};
