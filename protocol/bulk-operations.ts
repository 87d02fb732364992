import { operation } from "./operation.ts";
import { API_PATH, RoomParams } from "./operation-parts.ts";
import { BulkOutcome, BulkRequest } from "./tasks/bulk.ts";

/** Cancels a room's tasks that match a filter. */
export const cancelTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/bulk/cancel`,
  summary: "Cancel a room's tasks that match a filter; users can cancel only their own tasks, admins all",
  access: "room-read",
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** Retries a room's failed and cancelled tasks that match a filter. */
export const retryTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/bulk/retry`,
  summary:
    "Retry a room's failed and cancelled tasks that match a filter; users can retry only their own tasks, admins all",
  access: "room-read",
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});
