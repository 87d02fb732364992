import type { Command } from "commander";
import * as z from "zod";
import type { TaskSubmission } from "../protocol/task.ts";
import { integer, seconds } from "./options.ts";

/** The options of a task that every command which submits one takes. */
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

/** `--set`, as often as there are members to say. */
export const addSetOption = (command: Command): Command =>
  command.option(
    "--set <path=value>",
    "one member; JSON where it can be read as JSON; box.size=3 is one within another (repeatable)",
    collect,
  );

/** The options of the task itself. */
export const addSubmissionOptions = (command: Command): Command =>
  command
    .option("--priority <n>", "-100 to 100, higher first")
    .option("--delay <seconds>", "not claimed for so long")
    .option("--max-attempts <n>", "how often it may be started, 1 to 100")
    .option("--timeout <seconds>", "running longer is a failure")
    .option(
      "--idempotency-key <key>",
      "the same key and payload give the same task, however often submitted",
    );

/** They, as they go with a submit. */
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
