import { BulkOutcome, BulkRequest } from "./bulk.ts";
import { operation } from "./operation.ts";
import { API_PATH, RoomParams } from "./operation-parts.ts";

/** Cancel those of a room's tasks that match, as far as the caller may: its own, an admin all. */
export const cancelTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/bulk/cancel`,
  summary: "Cancel those of a room's tasks that match, as far as the caller may: its own, an admin all",
  access: "room-read",
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});

/** Open those of a room's failed and cancelled tasks again that match, as far as the caller may. */
export const retryTasks = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/bulk/retry`,
  summary: "Open those of a room's failed and cancelled tasks again that match, as far as the caller may",
  access: "room-read",
  params: RoomParams,
  body: BulkRequest,
  responses: { 200: BulkOutcome },
  problems: ["invalid-room-id", "invalid-job-name", "job-not-found"],
});
