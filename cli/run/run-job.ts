import { Command } from "commander";
import type { Job } from "../../protocol/jobs.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { SchemaDefaults } from "../../protocol/schema/schema-defaults.ts";
import type { SubmittedTask } from "../../protocol/tasks/submit.ts";
import type { Task } from "../../protocol/tasks/task.ts";
import { RouteNotFoundError } from "../../sdk/errors.ts";
import { getJobRoom } from "../connect/room.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { CliError } from "../io/errors.ts";
import { getParameters, type Parameter } from "../parameters/parameter.ts";
import { readPayload } from "../parameters/payload.ts";
import { toFlag } from "../parameters/pointer-flag.ts";
import { findMissing, readFlags } from "../parameters/read-flags.ts";
import type { AddFile } from "../parameters/read-value.ts";
import type { ClientContext } from "../tools.ts";
import { formatJobHelp } from "../views/job-help.ts";
import { OutputPrinter } from "../views/output-printer.ts";
import { formatResult, formatRunTime, formatTask } from "../views/task-view.ts";
import { followTask } from "./follow-task.ts";
import { LocalFiles } from "./local-files.ts";
import { promptForMissing } from "./prompt-missing.ts";
import { addRunJobOptions, type RunJobOptions, toTaskSubmission } from "./run-options.ts";
import { getTaskExitCode, printIfNoWorker } from "./wait-for-task.ts";

/** Submits a task. The parameters of the job are flags. With `--wait`, prints the result. */
export async function runJob(context: ClientContext, options: RunJobOptions): Promise<ExitCode> {
  const { client, global, signal } = context;
  const { job: target } = options;
  const room = getJobRoom(target, global.room);
  const job = await client.jobs.get(room, target, { signal });
  if (options.help) return showHelp(context, job, target);

  const files = new LocalFiles();
  const read = await readJobPayload(context, options, { job, addFile: files.add });
  await validatePayload(context, room, { target, payload: read, parameters: getParameters(job.schema) });
  const payload = await files.upload(context, room, read);
  const { idempotencyKey } = options;
  const submission = { payload, ...toTaskSubmission(options) };
  const submitted = await client.tasks.submit(room, target, submission, { signal, idempotencyKey });
  return printTask(context, options, submitted);
}

function showHelp({ io }: ClientContext, job: Job, name: string): ExitCode {
  io.printResult(job, (safe) =>
    formatJobHelp(safe, { name, runCommand: addRunJobOptions(new Command()), width: io.width ?? 80 }),
  );
  return EXIT.ok;
}

/**
 * Returns the default of the job's schema as JSON. It is the initial payload if no file is given.
 */
function getDefaultPayload(schema: JsonObject): string | undefined {
  const payload = new SchemaDefaults(schema).find(schema);
  return isJsonObject(payload) ? JSON.stringify(payload) : undefined;
}

/**
 * Builds the payload from a file, `--set`, flags and the answers to prompts. In this order, later
 * sources override earlier ones.
 */
async function readJobPayload(
  { readBytes, args, prompts }: ClientContext,
  { job: target, payloadFile, set }: RunJobOptions,
  { job, addFile }: { readonly job: Job; readonly addFile: AddFile },
): Promise<JsonObject> {
  const parameters = getParameters(job.schema);
  const initial = payloadFile === undefined ? getDefaultPayload(job.schema) : undefined;
  const base = await readPayload({ payload: initial, payloadFile, set }, readBytes, {
    parameters,
    addFile,
  });
  const otherFlags = addRunJobOptions(new Command()).options.map(({ long }) => (long ?? "").slice(2));
  const withFlags = readFlags(args, { parameters, base, otherFlags, addFile });
  const { payload, missing } = findMissing(parameters, withFlags);
  if (missing.length === 0) return payload;
  if (prompts === undefined) throw createMissingError(missing, target);
  return promptForMissing(await prompts(), missing, payload, addFile);
}

function createMissingError(missing: readonly Parameter[], name: string) {
  return new CliError(
    `missing ${missing.map(({ flag }) => `--${flag}`).join(", ")}. Run \`joblib run ${name} --help\` to list all parameters.`,
    EXIT.rejected,
  );
}

interface PayloadToValidate {
  readonly target: string;
  readonly payload: JsonObject;
  readonly parameters: readonly Parameter[];
}

/**
 * Validates the payload on the server before the task is submitted, so that the errors can name the
 * flags.
 */
async function validatePayload(
  { client, signal }: ClientContext,
  room: string,
  { target, payload, parameters }: PayloadToValidate,
): Promise<void> {
  const check = async () => {
    try {
      return await client.jobs.validate(room, target, payload, { signal });
    } catch (error) {
      // An older server does not have this operation. It validates the payload when the task is
      // submitted.
      if (error instanceof RouteNotFoundError) return [];
      throw error;
    }
  };
  const lines = (await check()).map(({ pointer, detail }) => `${toFlag(pointer, parameters)} ${detail}`);
  const [first, ...others] = lines;
  if (first === undefined) return;
  if (others.length === 0) throw new CliError(first, EXIT.rejected);
  throw new CliError(
    "invalid payload",
    EXIT.rejected,
    lines.map((line) => `  ${line}`),
  );
}

async function printTask(
  context: ClientContext,
  { wait }: RunJobOptions,
  submitted: SubmittedTask,
): Promise<ExitCode> {
  const { io } = context;
  printIfNoWorker(io, submitted);
  if (wait === undefined) {
    io.printResult(submitted, (safe) => formatTask(safe, io.paint, io.width));
    return EXIT.ok;
  }
  const { id } = submitted;
  io.printEvent({ event: "submitted", task: id }, `submitted ${id}`, "dim");
  try {
    const printer = new OutputPrinter(io, "events");
    const task = (await followTask(context, { id, task: submitted, wait, printer })) ?? submitted;
    return printOutcome(context, task, printer);
  } catch (error) {
    if (context.signal.aborted)
      io.printNote(`the task continues; to cancel it, run \`joblib tasks cancel ${id}\``, "dim");
    throw error;
  }
}

/** Prints the result to stdout, and the status to stderr. A task with output may have no result. */
function printOutcome({ io }: ClientContext, task: Task, { hasPrinted }: OutputPrinter): ExitCode {
  const code = getTaskExitCode(task);
  const runTime = formatRunTime(task);
  const took = runTime === undefined ? "" : ` after ${runTime}`;
  if (io.json) {
    io.printResult(task, () => "");
    return code;
  }
  if (task.status === "completed") {
    io.printNote(`completed${took}`, "success");
    if (task.result !== null || !hasPrinted) io.printResult(task.result, formatResult);
  } else if (code === EXIT.notFinished) {
    io.printNote(`the task did not finish in time; it is ${task.status}`, "error");
    io.printNote(`to continue watching it, run \`joblib tasks watch ${task.id}\``, "dim");
  } else {
    io.printNote(`${task.status}${took}${task.error === null ? "" : `: ${task.error}`}`, "error");
  }
  return code;
}
