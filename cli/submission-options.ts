import type { Command } from "commander";
import * as z from "zod";
import type { TaskSubmission } from "../protocol/tasks/submit.ts";
import { integer, seconds } from "./options.ts";

/** The task options of every command that submits a task. */
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

const collect = (value: string, all: string[] = []) => [...all, value];

/** Adds `--set`, which can be repeated. */
export const addSetOption = (command: Command): Command =>
  command.option(
    "--set <path=value>",
    "set a member of the payload to a JSON value or text, such as box.size=3 (repeatable)",
    collect,
  );

/** Adds the options of the task. */
export const addSubmissionOptions = (command: Command): Command =>
  command
    .option("--priority <n>", "priority from -100 to 100; higher runs first")
    .option("--delay <seconds>", "delay before the task can be claimed")
    .option("--max-attempts <n>", "maximum number of attempts, 1 to 100")
    .option("--timeout <seconds>", "maximum run time; a task that exceeds it fails")
    .option("--idempotency-key <key>", "submitting the same key and payload again returns the same task");

/** Converts the options to the body of a submit request. */
export const toTaskSubmission = ({
  priority,
  delay,
  maxAttempts,
  timeout,
}: z.infer<typeof SubmissionOptions>): TaskSubmission => ({
  ...(priority === undefined ? {} : { priority }),
  ...(delay === undefined ? {} : { delay_seconds: delay }),
  ...(maxAttempts === undefined ? {} : { max_attempts: maxAttempts }),
  ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
});
