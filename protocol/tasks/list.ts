import * as z from "zod";
import { JobName } from "../job-name.ts";
import { API_PATH, operation } from "../operation.ts";
import { createPageSchema, TaskPageQuery } from "../page.ts";
import { RoomParams } from "../rooms.ts";
import { TaskStatus } from "./status.ts";
import { Task } from "./task.ts";

/**
 * Maximum number of tasks that a text search examines, newest first. The number is low, because the
 * payload of each task is read.
 */
export const MAX_SEARCHED = 10_000;
/** Maximum number of tasks that a list with filters but without a text search examines. */
export const MAX_FILTERED = 100_000;

export const MAX_TASKS_PER_BULK = 1000;

const Statuses = z.array(TaskStatus).min(1);

/** The statuses in a query string: repeated parameters, or one parameter with commas. */
const StatusList = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [value].flat().flatMap((text) => text.split(",").map((part) => part.trim())))
  .pipe(Statuses)
  .describe(`one or more of ${TaskStatus.options.join(", ")}, separated by commas`);

/**
 * Returns true if PostgreSQL can store a text. Bodies are checked when they are parsed, but query
 * strings are not.
 */
function isStorable(text: string) {
  return !text.includes("\u0000") && text.isWellFormed();
}
const STORABLE = { error: "must be valid Unicode without U+0000" };

const CreatedBy = z.string().min(1).max(1000).refine(isStorable, STORABLE).describe("id of the submitter");

const SearchText = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(isStorable, STORABLE)
  .describe(
    "the start of an id, or a text in the error or the first 8 KiB of the payload, ignoring case; searches the newest 10,000 tasks",
  );

export const JobTaskQuery = TaskPageQuery.extend({
  status: StatusList.optional(),
  created_by: CreatedBy.optional(),
  q: SearchText.optional(),
});
export type JobTaskQuery = z.infer<typeof JobTaskQuery>;

export const RoomTaskQuery = JobTaskQuery.extend({ job: JobName.optional() });
export type RoomTaskQuery = z.infer<typeof RoomTaskQuery>;

/**
 * The filters of `RoomTaskQuery` as members of a request body, with `ids` to select individual
 * tasks.
 */
export const TaskFilter = z.object({
  status: Statuses.optional(),
  job: JobName.optional(),
  created_by: CreatedBy.optional(),
  q: SearchText.optional(),
  ids: z.array(z.string().max(128)).min(1).max(1000).optional(),
});
export type TaskFilter = z.infer<typeof TaskFilter>;

export const TaskPage = createPageSchema(Task).extend({
  searched_to: z
    .string()
    .nullable()
    .optional()
    .describe(
      "the last task that was searched; pass it as `after` to continue. Null if all tasks were searched.",
    ),
});
export type TaskPage = z.infer<typeof TaskPage>;

/** Selects the tasks to change. Tasks whose status does not allow the change are skipped. */
export const BulkRequest = z.object({
  filter: TaskFilter,
  dry_run: z.boolean().optional().describe("only count the tasks; change nothing"),
  after: z.string().optional().describe("the `after` of the previous response"),
});
export type BulkRequest = z.infer<typeof BulkRequest>;

export const BulkOutcome = z.object({
  matched: z.int().describe("number of matching tasks, at most 1,000 (10,000 in a dry run)"),
  changed: z.int().describe("number of tasks that were changed, or would be in a dry run"),
  skipped: z.int().describe("number of tasks that belong to another user or cannot be changed"),
  more: z.boolean().describe("true if there are older tasks that were not examined"),
  after: z
    .string()
    .nullable()
    .describe("pass it as `after` in the next request; null if no older tasks are left"),
});
export type BulkOutcome = z.infer<typeof BulkOutcome>;

export const listRoomTasks = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/tasks`,
  summary: "List a room's tasks",
  access: "room-read",
  params: RoomParams,
  query: RoomTaskQuery,
  responses: { 200: TaskPage },
  responseDescriptions: { 200: "A page of tasks." },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** The members that `cancelTasks` and `retryTasks` have in common. */
const bulkChange = {
  method: "POST",
  access: "room-read",
  // The response to a repeated request would not count the tasks that the first request changed.
  retryable: false,
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  responseDescriptions: { 200: "The numbers of changed and skipped tasks." },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
} as const;

export const cancelTasks = operation({
  ...bulkChange,
  path: `${API_PATH}/rooms/:room_id/bulk/cancel`,
  summary: "Cancel a room's tasks that match a filter; users can cancel only their own tasks, admins all",
});

export const retryTasks = operation({
  ...bulkChange,
  path: `${API_PATH}/rooms/:room_id/bulk/retry`,
  summary:
    "Retry a room's failed and cancelled tasks that match a filter; users can retry only their own tasks, admins all",
});

export const taskListOperations = { listRoomTasks, cancelTasks, retryTasks } as const;
