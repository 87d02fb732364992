import * as z from "zod";
import { JsonValue } from "./json.ts";
import { Timestamp } from "./timestamp.ts";

/** What a worker came to after it had been given up: refused, and kept for the task's submitter to decide. */
export const LateResult = z.object({
  attempt: z.int().describe("the attempt that it is the result of"),
  worker_id: z.string(),
  user_id: z.string().describe("who sent it"),
  at: Timestamp.describe("when it came"),
  result: JsonValue.nullable(),
});
export type LateResult = z.infer<typeof LateResult>;

/** Which of them to adopt; without an attempt the last that came. */
export const Adoption = z.object({ attempt: z.int().min(1).max(2_147_483_647).optional() });
export type Adoption = z.infer<typeof Adoption>;
