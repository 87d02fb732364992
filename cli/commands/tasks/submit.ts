import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { parseWaitValue } from "../../connect/option-values.ts";
import { Wait } from "../../connect/options.ts";
import { getJobRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { getParameters } from "../../parameters/parameter.ts";
import { parseAssignment, readPayload } from "../../parameters/payload.ts";
import { LocalFiles } from "../../run/local-files.ts";
import {
  addSetOption,
  addSubmissionOptions,
  submissionFields,
  toTaskSubmission,
} from "../../run/run-options.ts";
import { getTaskExitCode, printIfNoWorker, waitForTask } from "../../run/wait-for-task.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatTask } from "../../views/task-view.ts";

const SubmitOptions = z.object({
  job: z.string(),
  payload: z.string().optional(),
  payloadFile: z.string().optional(),
  ...submissionFields,
  wait: Wait.optional(),
});
export type SubmitOptions = z.infer<typeof SubmitOptions>;

export function submitCommand(tools: Tools, run: CommandHandler<ClientContext, SubmitOptions> = submitTask) {
  const command = new Command("submit")
    .description(
      "Submit a task. The server validates the payload against the job's schema. The task stays pending until a worker runs it.",
    )
    .argument("<job>", "full name of the job, such as public:modifiers:Rotate")
    .option("--payload <json>", "payload as a JSON object; - reads it from stdin")
    .option("--payload-file <file>", "file with the payload; - reads stdin");
  return addSubmissionOptions(addSetOption(command))
    .option(
      "--wait [seconds]",
      "wait until the task ends; with a number, wait at most that many seconds",
      parseWaitValue,
    )
    .addHelpText(
      "after",
      `
The room is --room or JOBLIB_ROOM, otherwise the room in the job's name:
public:… runs in @global, lab:… in lab. Use \`joblib run <job>\` to pass the
parameters of the job as flags.

Examples:
  $ joblib tasks submit public:modifiers:Rotate --set angle=90 --wait
  $ joblib tasks submit lab:modifiers:Rotate --payload-file rotate.json
  $ echo '{"angle": 90}' | joblib tasks submit lab:modifiers:Rotate --payload -`,
    )
    .action(clientAction(tools, SubmitOptions, run));
}

/** Submits a task. With `--wait`, waits until the task has ended. */
export async function submitTask(context: ClientContext, options: SubmitOptions): Promise<ExitCode> {
  const { io, client, global, signal, readBytes } = context;
  const room = getJobRoom(options.job, global.room);
  // An invalid option must fail before the first request.
  options.set.forEach(parseAssignment);
  const files = new LocalFiles();
  // Only `--set` can name local files, and only the schema says whether it does.
  const schema =
    options.set.length === 0 ? {} : (await client.jobs.get(room, options.job, { signal })).schema;
  const read = await readPayload(options, readBytes, {
    parameters: getParameters(schema),
    addFile: files.add,
  });
  const payload = await files.upload(context, room, read);
  const submission = { payload, ...toTaskSubmission(options) };
  const { idempotencyKey } = options;
  const submitted = await client.tasks.submit(room, options.job, submission, { signal, idempotencyKey });
  printIfNoWorker(io, submitted);
  if (options.wait === undefined) {
    io.printResult(submitted, (safe) => formatTask(safe, io.paint, io.width));
    return EXIT.ok;
  }
  io.printNote(`submitted ${submitted.id}`, "dim");
  const task = await waitForTask(context, submitted, options.wait);
  io.printResult(task, (safe) => formatTask(safe, io.paint, io.width));
  return getTaskExitCode(task);
}
