import { Command } from "commander";
import * as z from "zod";
import type { TaskSubmission } from "../../../protocol/task.ts";
import { onClient } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { integer, seconds, Wait } from "../../options.ts";
import { readPayload } from "../../payload.ts";
import { roomOfJob } from "../../room.ts";
import type { ClientContext, Run, Tools } from "../../tools.ts";
import { taskView } from "../../views/task-view.ts";
import { waitValue } from "../../wait-argument.ts";
import { exitOfTask, waitForTask } from "../../wait-for-task.ts";

const SubmitOptions = z.object({
  job: z.string(),
  payload: z.string().optional(),
  payloadFile: z.string().optional(),
  set: z.array(z.string()).default([]),
  priority: integer(-100, 100).optional(),
  delay: seconds(0, 366 * 86_400).optional(),
  maxAttempts: integer(1, 100).optional(),
  timeout: seconds(1, 604_800).optional(),
  idempotencyKey: z
    .string()
    .regex(/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/, {
      error: "must be 1–255 printable ASCII characters",
    })
    .optional(),
  wait: Wait.optional(),
});
/** What `tasks submit` is asked. */
export type SubmitOptions = z.infer<typeof SubmitOptions>;

const collect = (value: string, all: string[] = []) => [...all, value];

/** `joblib tasks submit <job>`. */
export const submitCommand = (tools: Tools, run: Run<ClientContext, SubmitOptions> = submitTask) =>
  new Command("submit")
    .description(
      "Submit a task. It is checked against the job's schema, and waits where no worker is there to run it.",
    )
    .argument("<job>", "the job's full name, such as public:modifiers:Rotate")
    .option("--payload <json>", "the payload, a JSON object; - reads it from standard input")
    .option("--payload-file <file>", "the file that holds it; - is standard input")
    .option("--set <key=value>", "one member of it; JSON where it can be read as JSON (repeatable)", collect)
    .option("--priority <n>", "-100 to 100, higher first")
    .option("--delay <seconds>", "not claimed for so long")
    .option("--max-attempts <n>", "how often it may be started, 1 to 100")
    .option("--timeout <seconds>", "running longer is a failure")
    .option("--idempotency-key <key>", "the same key and payload give the same task, however often submitted")
    .option("--wait [seconds]", "until it has ended, or so many seconds at most", waitValue)
    .addHelpText(
      "after",
      `
The room is --room or JOBLIB_ROOM; a public:… job needs none and runs in @global.

Examples:
  $ joblib tasks submit public:modifiers:Rotate --set angle=90 --wait
  $ joblib tasks submit private:modifiers:Rotate --room lab --payload-file rotate.json
  $ echo '{"angle": 90}' | joblib tasks submit lab:modifiers:Rotate --payload - --json | jq -r .id`,
    )
    .action(onClient(tools, SubmitOptions, run));

/** Submits, and with `--wait` follows the task to its end. */
export const submitTask: Run<ClientContext, SubmitOptions> = async (context, options) => {
  const { io, client, global, signal, readBytes } = context;
  const room_id = roomOfJob(options.job, global.room);
  const body = { payload: await readPayload(options, readBytes), ...taskOptions(options) };
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
    io.result(submitted, (safe) => taskView(safe, io.paint, io.width !== undefined));
    return EXIT.fine;
  }
  io.note(`submitted ${submitted.id}`, "dim");
  const task = await waitForTask(context, submitted, options.wait);
  io.result(task, (safe) => taskView(safe, io.paint, io.width !== undefined));
  return exitOfTask(task);
};

const taskOptions = ({ priority, delay, maxAttempts, timeout }: SubmitOptions): TaskSubmission => ({
  ...(priority === undefined ? {} : { priority }),
  ...(delay === undefined ? {} : { delay_seconds: delay }),
  ...(maxAttempts === undefined ? {} : { max_attempts: maxAttempts }),
  ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
});
