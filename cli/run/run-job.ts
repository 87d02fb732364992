import { Command } from "commander";
import type { Job } from "../../protocol/job.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { SchemaDefaults } from "../../protocol/schema/schema-defaults.ts";
import type { SubmittedTask, Task } from "../../protocol/task.ts";
import { RouteNotFoundError } from "../../sdk/errors.ts";
import { CliError } from "../errors.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { followTask } from "../follow-task.ts";
import { getParameters, type Parameter } from "../parameters/parameter.ts";
import { toFlag } from "../parameters/pointer-flag.ts";
import { findMissing, readFlags } from "../parameters/read-flags.ts";
import { readPayload } from "../payload.ts";
import { getJobRoom } from "../room.ts";
import { toTaskSubmission } from "../submission-options.ts";
import type { ClientContext, CommandHandler } from "../tools.ts";
import { formatDuration } from "../views/duration.ts";
import { formatJobHelp } from "../views/job-help.ts";
import { formatResult, formatTask } from "../views/task-view.ts";
import { getTaskExitCode } from "../wait-for-task.ts";
import { promptForMissing } from "./prompt-missing.ts";
import { addRunJobOptions, type RunJobOptions } from "./run-options.ts";

/** Runs somebody else's job as if it were a command here: its parameters are flags, its result is the output. */
export const runJob: CommandHandler<ClientContext, RunJobOptions> = async (context, options) => {
  const { client, global, signal } = context;
  const { job: target } = options;
  const place = { room_id: getJobRoom(target, global.room), job_name: target };
  const { body: job } = await client.call("readJob", { params: place }, { signal });
  if (options.help) return showHelp(context, job, target);

  const payload = await payloadOf(context, options, job);
  await requireFit(context, place, { payload, parameters: getParameters(job.schema) });
  const { idempotencyKey } = options;
  const { body: submitted } = await client.call(
    "submitTask",
    { params: place, body: { payload, ...toTaskSubmission(options) } },
    { signal, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
  );
  return tell(context, options, submitted);
};

const showHelp = ({ io }: ClientContext, job: Job, name: string): ExitCode => {
  io.result(job, (safe) =>
    formatJobHelp(safe, { name, own: addRunJobOptions(new Command()), width: io.width ?? 80 }),
  );
  return EXIT.fine;
};

/** The schema's own default, as JSON: what a payload begins with if no file is given. */
const ownDefault = (schema: JsonObject): string | undefined => {
  const standard = new SchemaDefaults(schema).find(schema);
  return isJsonObject(standard) ? JSON.stringify(standard) : undefined;
};

/** A file, under `--set`, under the flags, under the answers to what is still missing. */
const payloadOf = async (
  { readBytes, args, prompts }: ClientContext,
  { job: target, file, set }: RunJobOptions,
  job: Job,
): Promise<JsonObject> => {
  const parameters = getParameters(job.schema);
  const begun = file === undefined ? ownDefault(job.schema) : undefined;
  const base = await readPayload({ payload: begun, payloadFile: file, set }, readBytes);
  const otherFlags = addRunJobOptions(new Command()).options.map(({ long }) => (long ?? "").slice(2));
  const given = readFlags(args, { parameters, base, otherFlags });
  const { payload, lacking } = findMissing(parameters, given);
  if (lacking.length === 0) return payload;
  if (prompts === undefined) throw lacks(lacking, target);
  return promptForMissing(await prompts(), lacking, payload);
};

const lacks = (lacking: readonly Parameter[], name: string) =>
  new CliError(
    `${lacking.map(({ flag }) => `--${flag}`).join(", ")} must be given; \`joblib run ${name} --help\` shows every parameter`,
    EXIT.rejected,
  );

/** The server's own check before anything is submitted; where it fails, in the words of the command line. */
const requireFit = async (
  { client, signal }: ClientContext,
  params: { readonly room_id: string; readonly job_name: string },
  { payload, parameters }: { readonly payload: JsonObject; readonly parameters: readonly Parameter[] },
): Promise<void> => {
  const check = async () => {
    try {
      return (await client.call("validatePayload", { params, body: { payload } }, { signal })).body.errors;
    } catch (error) {
      // An older server checks with the submit alone.
      if (error instanceof RouteNotFoundError) return [];
      throw error;
    }
  };
  const lines = (await check()).map(({ pointer, detail }) => `${toFlag(pointer, parameters)} ${detail}`);
  const [first, ...others] = lines;
  if (first === undefined) return;
  if (others.length === 0) throw new CliError(first, EXIT.rejected);
  throw new CliError(
    "the payload does not fit",
    EXIT.rejected,
    lines.map((line) => `  ${line}`),
  );
};

const tell = async (
  context: ClientContext,
  { wait }: RunJobOptions,
  submitted: SubmittedTask,
): Promise<ExitCode> => {
  const { io } = context;
  if (submitted.workers_online === 0 && submitted.status === "pending") {
    io.note("no worker for this job is online; the task waits for one", "dim");
  }
  if (wait === undefined) {
    io.result(submitted, (safe) => formatTask(safe, io.paint, io.width));
    return EXIT.fine;
  }
  const { id } = submitted;
  io.event({ event: "submitted", task: id }, `submitted ${id}`, "dim");
  try {
    const task = (await followTask(context, { id, task: submitted, wait })) ?? submitted;
    return tellEnd(context, task);
  } catch (error) {
    if (context.signal.aborted) io.note(`the task goes on; joblib tasks cancel ${id} ends it`, "dim");
    throw error;
  }
};

/** The result is the output; how it ended stands on stderr. */
const tellEnd = ({ io }: ClientContext, task: Task): ExitCode => {
  const code = getTaskExitCode(task);
  if (io.json) {
    io.result(task, () => "");
    return code;
  }
  if (task.status === "completed") {
    io.note(`completed${tookText(task)}`, "good");
    io.result(task.result, formatResult);
  } else if (code === EXIT.notFinished) {
    io.note(`not finished when the wait ended: it is ${task.status}`, "bad");
    io.note(`joblib tasks watch ${task.id}`, "dim");
  } else {
    io.note(`${task.status}${tookText(task)}${task.error === null ? "" : `: ${task.error}`}`, "bad");
  }
  return code;
};

const tookText = ({ started_at, completed_at }: Task) =>
  started_at === null || completed_at === null
    ? ""
    : ` after ${formatDuration(Date.parse(completed_at) - Date.parse(started_at))}`;
