import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { formatTable } from "../../io/table.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { formatSize } from "../../views/units.ts";

export function filesCommand(tools: Tools) {
  return new Command("files")
    .description("List the files in the payload and the result of a task.")
    .argument("<id>", "task id")
    .addHelpText(
      "after",
      `
POINTER is the position of the file in the payload or the result (a JSON
Pointer). Download a file with \`joblib files get <id>\`.

Examples:
  $ joblib tasks files 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks files $ID --json | jq -r '.items[].id'`,
    )
    .action(clientAction(tools, IdOptions, listFiles));
}

export async function listFiles(
  { io, client, signal }: ClientContext,
  { id: task_id }: IdOptions,
): Promise<ExitCode> {
  const { body } = await client.call("listTaskFiles", { params: { task_id } }, { signal });
  if (body.items.length === 0 && !io.json) {
    io.printNote("the task has no files", "dim");
    return EXIT.ok;
  }
  io.printResult(body, ({ items }) =>
    formatTable(
      items,
      [
        { heading: "ID", cell: ({ id }) => id },
        { heading: "ROLE", cell: ({ role }) => role },
        { heading: "SIZE", cell: ({ size }) => formatSize(size) },
        { heading: "POINTER", cell: ({ pointer }) => pointer, flexible: true },
        { heading: "NAME", cell: ({ name }) => name, flexible: true },
      ],
      { width: io.width, heading: io.paint.bold },
    ),
  );
  return EXIT.ok;
}
