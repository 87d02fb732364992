import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { Wait } from "../../options.ts";
import { readPayload } from "../../payload.ts";
import { getJobRoom } from "../../room.ts";
import {
  addSetOption,
  addSubmissionOptions,
  submissionFields,
  toTaskSubmission,
} from "../../submission-options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatTask } from "../../views/task-view.ts";
import { parseWaitValue } from "../../wait-argument.ts";
import { getTaskExitCode, waitForTask } from "../../wait-for-task.ts";

const SubmitOptions = z.object({
  job: z.string(),
  payload: z.string().optional(),
  payloadFile: z.string().optional(),
  ...submissionFields,
  wait: Wait.optional(),
});
/** What `tasks submit` is asked. */
export type SubmitOptions = z.infer<typeof SubmitOptions>;

/** `joblib tasks submit <job>`. */
export const submitCommand = (
  tools: Tools,
  run: CommandHandler<ClientContext, SubmitOptions> = submitTask,
) => {
  const command = new Command("submit")
    .description(
      "Submit a task. It is checked against the job's schema, and waits where no worker is there to run it.",
    )
    .argument("<job>", "the job's full name, such as public:modifiers:Rotate")
    .option("--payload <json>", "the payload, a JSON object; - reads it from standard input")
    .option("--payload-file <file>", "the file that holds it; - is standard input");
  return addSubmissionOptions(addSetOption(command))
    .option("--wait [seconds]", "until it has ended, or so many seconds at most", parseWaitValue)
    .addHelpText(
      "after",
      `
The room is --room or JOBLIB_ROOM; a public:… job needs none, and runs in
@global. \`joblib run <job>\` takes the job's own parameters as flags.

Examples:
  $ joblib tasks submit public:modifiers:Rotate --set angle=90 --wait
  $ joblib tasks submit lab:modifiers:Rotate --payload-file rotate.json
  $ echo '{"angle": 90}' | joblib tasks submit lab:modifiers:Rotate --payload -`,
    )
    .action(clientAction(tools, SubmitOptions, run));
};

/** Submits, and with `--wait` follows the task to its end. */
export const submitTask: CommandHandler<ClientContext, SubmitOptions> = async (context, options) => {
  const { io, client, global, signal, readBytes } = context;
  const room_id = getJobRoom(options.job, global.room);
  const body = { payload: await readPayload(options, readBytes), ...toTaskSubmission(options) };
  const { idempotencyKey } = options;
  const { body: submitted } = await client.call(
    "submitTask",
    { params: { room_id, job_name: options.job }, body },
    { signal, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
  );

  if (submitted.workers_online === 0 && submitted.status === "pending") {
    io.note("no worker for this job is online; the task waits for one", "dim");
  }
  if (options.wait === undefined) {
    io.result(submitted, (safe) => formatTask(safe, io.paint, io.width));
    return EXIT.fine;
  }
  io.note(`submitted ${submitted.id}`, "dim");
  const task = await waitForTask(context, submitted, options.wait);
  io.result(task, (safe) => formatTask(safe, io.paint, io.width));
  return getTaskExitCode(task);
};
