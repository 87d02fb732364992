import { Command } from "commander";
import * as z from "zod";
import { parseOutputPosition } from "../../../protocol/tasks/output.ts";
import { clientAction } from "../../action.ts";
import { PathId } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { getTaskExitCode } from "../../run/wait-for-task.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { OutputPrinter } from "../../views/output-printer.ts";

const OutputOptions = z.object({
  id: PathId,
  follow: z.boolean().default(false),
  from: z
    .string()
    .refine((text) => parseOutputPosition(text) !== undefined, {
      error: "must be a part number such as 17, or an attempt and a part number such as 2.17",
    })
    .optional(),
});
type OutputOptions = z.infer<typeof OutputOptions>;

export function outputCommand(tools: Tools) {
  return new Command("output")
    .description(
      "Print the output that a task has written so far: the parts that it writes while it runs. `joblib tasks status` prints its result.",
    )
    .argument("<id>", "task id")
    .option("-f, --follow", "keep printing new parts until the task ends")
    .option("--from <part>", "first part to print, counted from 0: <part>, or <attempt>.<part> such as 2.17")
    .addHelpText(
      "after",
      `
Text is printed unchanged, and any other value as JSON on its own line. With
--follow the exit code is 0 if the task completed, 1 if it failed, 10 if it was
cancelled. With --json each part is an object: attempt, number, value.

Examples:
  $ joblib tasks output 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks output $ID --follow --from 100`,
    )
    .action(clientAction(tools, OutputOptions, showOutput));
}

/** Prints the output. With `--follow`, also prints new parts until the task ends. */
export async function showOutput(
  context: ClientContext,
  { id, follow, from }: OutputOptions,
): Promise<ExitCode> {
  const { client, io, signal } = context;
  const printer = new OutputPrinter(io, "results");
  if (!follow) return printPages(context, printer, { id, from });
  const onAttempt = (attempt: number) => printer.startAttempt(attempt);
  const parts = client.tasks.output(id, { from, signal, onAttempt });
  try {
    for (let next = await parts.next(); ; next = await parts.next()) {
      if (next.done === true)
        return next.value === undefined ? EXIT.notFinished : getTaskExitCode(next.value);
      printer.print(next.value);
    }
  } finally {
    printer.closeLine();
    await parts.return(undefined);
  }
}

async function printPages(
  { client, signal }: ClientContext,
  printer: OutputPrinter,
  { id, from }: Pick<OutputOptions, "id" | "from">,
): Promise<ExitCode> {
  let query = from === undefined ? {} : { from };
  for (;;) {
    const { attempt, number, parts, next } = await client.tasks.readOutput(id, query, { signal });
    if (parts.length === 0) break;
    for (const [index, value] of parts.entries()) printer.print({ attempt, number: number + index, value });
    query = { from: next };
  }
  printer.closeLine();
  return EXIT.ok;
}
