import * as z from "zod";
import { TaskFilter } from "./task-filter.ts";

/** How many tasks one request may change. */
export const MAX_TASKS_PER_BULK = 1000;

/** Which tasks to change; of those that match, the ones that can be changed so at all. */
export const BulkRequest = z.object({
  filter: TaskFilter,
  dry_run: z.boolean().optional().describe("count, and change nothing"),
  after: z.string().optional().describe("go on behind this task, as the answer before said"),
});
export type BulkRequest = z.infer<typeof BulkRequest>;

/** What came of it. */
export const BulkOutcome = z.object({
  matched: z.int().describe("that match: 1,000 at most, of a dry run 10,000"),
  changed: z.int().describe("of them, those that were changed, or would be"),
  skipped: z.int().describe("the others: another user's, or such as could not be changed"),
  more: z.boolean().describe("older ones were not looked at"),
  after: z.string().nullable().describe("where to go on for these"),
});
export type BulkOutcome = z.infer<typeof BulkOutcome>;
