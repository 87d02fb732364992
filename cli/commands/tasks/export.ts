import { Command } from "commander";
import * as z from "zod";
import type { Task } from "../../../protocol/task.ts";
import { JobNotFoundError } from "../../../sdk/errors.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExportedTask } from "../../exported-task.ts";
import { PathId, text } from "../../options.ts";
import { toSafeJson } from "../../sanitize.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const ExportOptions = z.object({ id: PathId, output: text.optional() });
/** The options of `tasks export`. */
export type ExportOptions = z.infer<typeof ExportOptions>;

/** `joblib tasks export <id>`. */
export const exportCommand = (tools: Tools, run: CommandHandler<ClientContext, ExportOptions> = exportTask) =>
  new Command("export")
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
    .action(clientAction(tools, ExportOptions, run));

const readExportedJob = async (
  { client, signal }: ClientContext,
  task: Task,
): Promise<ExportedTask["job"]> => {
  try {
    const job = await client.jobs.get(task.room_id, task.job_name, { signal });
    const { full_name, schema, result_schema, description } = job;
    return { full_name, schema, result_schema, description };
  } catch (error) {
    if (error instanceof JobNotFoundError) return null;
    throw error;
  }
};

/** Prints or writes an export. If the job no longer exists, its schemas are missing. */
export const exportTask: CommandHandler<ClientContext, ExportOptions> = async (context, { id, output }) => {
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
};
