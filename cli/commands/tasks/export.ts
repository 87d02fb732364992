import { Command } from "commander";
import * as z from "zod";
import type { Task } from "../../../protocol/tasks/task.ts";
import { JobNotFoundError } from "../../../sdk/errors.ts";
import { clientAction } from "../../action.ts";
import { PathId, text } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { toSafeJson } from "../../io/sanitize.ts";
import type { ExportedTask } from "../../run/run-file.ts";
import type { ClientContext, Tools } from "../../tools.ts";

const ExportOptions = z.object({ id: PathId, output: text.optional() });
type ExportOptions = z.infer<typeof ExportOptions>;

export function exportCommand(tools: Tools) {
  return new Command("export")
    .description(
      "Export a task and the schemas of its job as JSON, to run it on another machine with `joblib run ./extensions.ts --task task.json`, for example in a debugger.",
    )
    .argument("<id>", "task id")
    .option("-o, --output <file>", "write to a file instead of stdout")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib tasks export 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47 -o task.json
  $ joblib run ./extensions.ts --task task.json --inspect-brk`,
    )
    .action(clientAction(tools, ExportOptions, exportTask));
}

/**
 * Prints a task with the schemas of its job, or writes both to a file. If the job no longer exists,
 * the export has no schemas.
 */
export async function exportTask(context: ClientContext, { id, output }: ExportOptions): Promise<ExitCode> {
  const { io, client, signal, writeText } = context;
  const task = await client.tasks.get(id, { signal });
  const job = await readExportedJob(context, task);
  if (job === null)
    io.printNote(`${task.job_name} no longer exists; exporting the task without schemas`, "dim");
  const exported: ExportedTask = { joblib: "task", version: 1, task, job };
  const text = toSafeJson(exported, 2);
  if (output === undefined) {
    io.printDocument(`${text}\n`);
    return EXIT.ok;
  }
  await writeText(output, `${text}\n`);
  io.printNote(`wrote ${output}`, "success");
  return EXIT.ok;
}

async function readExportedJob({ client, signal }: ClientContext, task: Task): Promise<ExportedTask["job"]> {
  const params = { room_id: task.room_id, job_name: task.job_name };
  try {
    const { body } = await client.call("readJob", { params }, { signal });
    const { full_name, schema, result_schema, description } = body;
    return { full_name, schema, result_schema, description };
  } catch (error) {
    if (error instanceof JobNotFoundError) return null;
    throw error;
  }
}
