import * as z from "zod";
import { text } from "../connect/options.ts";

const InspectAddress = z.union([z.literal(true), text]).optional();

/** The options of `joblib run` with a file. */
export const RunFileOptions = z.object({
  job: text,
  task: text.optional(),
  inspect: InspectAddress,
  inspectBrk: InspectAddress,
});
export type RunFileOptions = z.infer<typeof RunFileOptions>;
