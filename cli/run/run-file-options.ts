import * as z from "zod";
import { text } from "../options.ts";

const InspectAt = z.union([z.literal(true), text]).optional();

/** What running a task by a file's class is asked. */
export const RunFileOptions = z.object({
  job: text,
  task: text.optional(),
  inspect: InspectAt,
  inspectBrk: InspectAt,
});
export type RunFileOptions = z.infer<typeof RunFileOptions>;
