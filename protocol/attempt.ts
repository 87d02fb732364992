import * as z from "zod";
import { Timestamp } from "./timestamp.ts";

/** How an attempt that failed ended. */
export const FailedOutcome = z.enum(["failed", "timed_out", "lost"]);
export type FailedOutcome = z.infer<typeof FailedOutcome>;

/** How an attempt ended; `lost`: its worker was given up; `released`: given back before it began. */
export const AttemptOutcome = z.enum([
  ...FailedOutcome.options,
  "completed",
  "cancelled",
  "released",
  "open",
]);
export type AttemptOutcome = z.infer<typeof AttemptOutcome>;

/** One claim of a task, and what came of it; what is not known is null. */
export const Attempt = z.object({
  attempt: z.int(),
  worker_id: z.string().nullable(),
  worker_name: z.string().nullable().describe("while the worker is there"),
  claimed_at: Timestamp.nullable(),
  started_at: Timestamp.nullable(),
  ended_at: Timestamp.nullable(),
  outcome: AttemptOutcome,
  error: z.string().nullable(),
  late_result: z.boolean().describe("a result came after the worker was given up, and is kept"),
});
export type Attempt = z.infer<typeof Attempt>;
