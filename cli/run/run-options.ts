import type { Command } from "commander";
import * as z from "zod";
import { parseWaitValue } from "../connect/option-values.ts";
import { text, Wait } from "../connect/options.ts";
import { addSetOption, addSubmissionOptions, submissionFields } from "./submission-options.ts";

/** The options of `joblib run` with a job, without the job's parameters. */
export const RunJobOptions = z.object({
  job: text,
  payloadFile: text.optional(),
  ...submissionFields,
  wait: Wait.optional(),
  help: z.boolean().default(false),
});
export type RunJobOptions = z.infer<typeof RunJobOptions>;

/** Adds the options of running a job. A parameter with the name of an option must be passed after `--`. */
export function addRunJobOptions(command: Command): Command {
  command.option(
    "--payload-file <file>",
    "file with the payload, a JSON object; flags override it; - reads stdin",
  );
  return addSubmissionOptions(addSetOption(command)).option(
    "--wait [seconds]",
    "wait until the task ends, or at most this long",
    parseWaitValue,
  );
}
