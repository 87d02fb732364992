import type { Command } from "commander";
import * as z from "zod";
import { text, Wait } from "../options.ts";
import { addSetOption, addSubmissionOptions, submissionFields } from "../submission-options.ts";
import { parseWaitValue } from "../wait-argument.ts";

/** What running a job is asked, besides the job's own parameters. */
export const RunJobOptions = z.object({
  job: text,
  file: text.optional(),
  ...submissionFields,
  wait: Wait.optional(),
  help: z.boolean().default(false),
});
export type RunJobOptions = z.infer<typeof RunJobOptions>;

/** The options of running a job; a parameter of the same name stands behind `--`. */
export const addRunJobOptions = (command: Command): Command => {
  command.option(
    "--file <file>",
    "the payload, a JSON object, which flags are laid over; - is standard input",
  );
  return addSubmissionOptions(addSetOption(command)).option(
    "--wait [seconds]",
    "follow it to its end, or so many seconds at most",
    parseWaitValue,
  );
};
