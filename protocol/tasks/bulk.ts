import * as z from "zod";
import { API_PATH, operation } from "../operation.ts";
import { RoomParams } from "../rooms.ts";
import { TaskFilter } from "./list.ts";

/** Maximum number of tasks that one request changes. */
export const MAX_TASKS_PER_BULK = 1000;

/** Selects the tasks to change. Tasks whose status does not allow the change are skipped. */
export const BulkRequest = z.object({
  filter: TaskFilter,
  dry_run: z.boolean().optional().describe("only count the tasks; change nothing"),
  after: z.string().optional().describe("the cursor of the previous response"),
});
export type BulkRequest = z.infer<typeof BulkRequest>;

export const BulkOutcome = z.object({
  matched: z.int().describe("number of matching tasks, at most 1,000 (10,000 in a dry run)"),
  changed: z.int().describe("number of tasks that were changed, or would be in a dry run"),
  skipped: z.int().describe("number of tasks that belong to another user or cannot be changed"),
  more: z.boolean().describe("true if there are older tasks that were not examined"),
  after: z.string().nullable().describe("the cursor for the next request"),
});
export type BulkOutcome = z.infer<typeof BulkOutcome>;

export const cancelTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/bulk/cancel`,
  summary: "Cancel a room's tasks that match a filter; users can cancel only their own tasks, admins all",
  access: "room-read",
  // The response to a repeated request would not count the tasks that the first request changed.
  retryable: false,
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

export const retryTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/bulk/retry`,
  summary:
    "Retry a room's failed and cancelled tasks that match a filter; users can retry only their own tasks, admins all",
  access: "room-read",
  // The response to a repeated request would not count the tasks that the first request changed.
  retryable: false,
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

export const bulkOperations = { cancelTasks, retryTasks } as const;
