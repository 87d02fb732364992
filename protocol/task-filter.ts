import * as z from "zod";
import { JobName } from "./job-name.ts";
import { pageOf, TaskPageQuery } from "./page.ts";
import { Task } from "./task.ts";
import { TaskStatus } from "./task-status.ts";

/** How many tasks a search by text looks at, from the newest on: each is read with its payload. */
export const MOST_SEARCHED = 10_000;
/** How many tasks the other filters look at. */
export const MOST_FILTERED = 100_000;

const Statuses = z.array(TaskStatus).min(1);

/** Statuses as they stand in a query: repeated, or in one text with commas. */
const StatusList = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(",").map((part) => part.trim())))
  .pipe(Statuses)
  .describe(`of ${TaskStatus.options.join(", ")}; several by commas`);

/** A query may hold what a body may not, and no text column can. */
const isKeepable = (text: string) => !text.includes("\u0000") && text.isWellFormed();
const KEEPABLE = { error: "must be text without U+0000" };

const CreatedBy = z
  .string()
  .min(1)
  .max(1000)
  .refine(isKeepable, KEEPABLE)
  .describe("the id of who submitted it");

const SearchText = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(isKeepable, KEEPABLE)
  .describe(
    "the beginning of an id, or a text in the error or the payload (to 8 KiB), in upper or lower case; of the newest 10,000 tasks",
  );

/** What a list of one job's tasks takes. */
export const JobTaskQuery = TaskPageQuery.extend({
  status: StatusList.optional(),
  created_by: CreatedBy.optional(),
  q: SearchText.optional(),
});
export type JobTaskQuery = z.infer<typeof JobTaskQuery>;

/** What a list of a room's tasks takes. */
export const RoomTaskQuery = JobTaskQuery.extend({ job: JobName.optional() });
export type RoomTaskQuery = z.infer<typeof RoomTaskQuery>;

/** The same as a body says it; `ids` names single tasks. */
export const TaskFilter = z.object({
  status: Statuses.optional(),
  job: JobName.optional(),
  created_by: CreatedBy.optional(),
  q: SearchText.optional(),
  ids: z.array(z.string().max(128)).min(1).max(1000).optional(),
});
export type TaskFilter = z.infer<typeof TaskFilter>;

/** One page of tasks. */
export const TaskPage = pageOf(Task).extend({
  searched_to: z
    .string()
    .nullable()
    .optional()
    .describe("filters have looked no further than this task: look on with `after`; null: at all"),
});
export type TaskPage = z.infer<typeof TaskPage>;
