import * as z from "zod";
import { JsonValue } from "../json.ts";
import { Timestamp } from "../time.ts";

/** A result that arrived after its worker's lease was lost. It was rejected and stored; the submitter can adopt it. */
export const LateResult = z.object({
  attempt: z.int().describe("the attempt that produced the result"),
  worker_id: z.string(),
  user_id: z.string().describe("the owner of the worker"),
  at: Timestamp.describe("when the result arrived"),
  result: JsonValue.nullable(),
});
export type LateResult = z.infer<typeof LateResult>;

/** Selects the late result to adopt; the latest one if `attempt` is missing. */
export const Adoption = z.object({ attempt: z.int().min(1).max(2_147_483_647).optional() });
export type Adoption = z.infer<typeof Adoption>;
