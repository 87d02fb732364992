import type { Command } from "commander";
import * as z from "zod";
import type { TaskSubmission } from "../../protocol/tasks/submit.ts";
import { collect, parseWaitValue } from "../connect/option-values.ts";
import { integer, seconds, text, Wait } from "../connect/options.ts";

/** The options that every command that submits a task has. */
export const submissionFields = {
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
};

const SubmissionOptions = z.object(submissionFields);

/** Adds `--set`, which can be repeated. */
export function addSetOption(command: Command): Command {
  return command.option(
    "--set <path=value>",
    "set one value in the payload, as JSON or text, such as box.size=3 (repeatable)",
    collect,
  );
}

/** Adds the options of `submissionFields`, except `--set`. */
export function addSubmissionOptions(command: Command): Command {
  return command
    .option("--priority <n>", "priority from -100 to 100; higher runs first")
    .option("--delay <seconds>", "delay before the task can be claimed")
    .option("--max-attempts <n>", "maximum number of attempts, 1 to 100")
    .option(
      "--timeout <seconds>",
      "maximum run time of an attempt; an attempt that exceeds it fails, and is retried if attempts are left",
    )
    .option(
      "--idempotency-key <key>",
      "submitting the same job, payload and options with this key in the same room returns the same task; any other submission with this key is rejected",
    );
}

/** Converts the options of a task to the body of a submit request. */
export function toTaskSubmission({
  priority,
  delay,
  maxAttempts,
  timeout,
}: z.infer<typeof SubmissionOptions>): TaskSubmission {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(delay === undefined ? {} : { delay_seconds: delay }),
    ...(maxAttempts === undefined ? {} : { max_attempts: maxAttempts }),
    ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
  };
}

/** The options of `joblib run` with a job, without the job's parameters. */
export const RunJobOptions = z.object({
  job: text,
  payloadFile: text.optional(),
  ...submissionFields,
  wait: Wait.optional(),
  help: z.boolean().default(false),
});
export type RunJobOptions = z.infer<typeof RunJobOptions>;

/**
 * Adds the options of `joblib run` with a job. A parameter with the name of an option must be
 * passed after `--`.
 */
export function addRunJobOptions(command: Command): Command {
  command.option(
    "--payload-file <file>",
    "file with the payload, a JSON object; flags override it; - reads stdin",
  );
  return addSubmissionOptions(addSetOption(command)).option(
    "--wait [seconds]",
    "wait until the task ends; with a number, wait at most that many seconds",
    parseWaitValue,
  );
}

const InspectAddress = z.union([z.literal(true), text]).optional();

/** The options of `joblib run` with a file. */
export const RunFileOptions = z.object({
  job: text,
  task: text.optional(),
  inspect: InspectAddress,
  inspectBrk: InspectAddress,
});
export type RunFileOptions = z.infer<typeof RunFileOptions>;
