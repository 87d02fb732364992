import {
  GLOBAL_ROOM,
  isRoomId,
  type Page,
  type PageQuery,
  type RoomSummary,
} from "../../../protocol/index.ts";
import { type Caller, canRead } from "../../access.ts";
import type { Context } from "../../context.ts";

/**
 * Maximum number of rooms for which the host application is asked whether the caller can read them.
 */
const MAX_CHECKED_ROOMS = 1_000;
/** Number of concurrent calls of the host application's `authorizeRoom`. */
const CONCURRENT_CHECKS = 20;

/**
 * Lists the rooms that the caller can read. The candidates are the rooms that the host application
 * lists, or all rooms with jobs or tasks if the application does not list rooms. Calls
 * `authorizeRoom` even for the rooms that the application lists.
 */
export async function listRooms(
  { storage, settings }: Context,
  caller: Caller,
  { limit, offset }: PageQuery,
): Promise<Page<RoomSummary>> {
  const listed = (await caller.listRooms())?.filter(isRoomId).slice(0, MAX_CHECKED_ROOMS);
  const candidates = new Set(listed ?? (await storage.stats.listRoomNames(MAX_CHECKED_ROOMS)));
  candidates.delete(GLOBAL_ROOM);
  const sorted = [...candidates].sort();
  const rooms = [GLOBAL_ROOM];
  for (let start = 0; start < sorted.length; start += CONCURRENT_CHECKS) {
    const batch = sorted.slice(start, start + CONCURRENT_CHECKS);
    const canReadRoom = await Promise.all(batch.map((room) => canRead(caller, room)));
    rooms.push(...batch.filter((_, index) => canReadRoom[index]));
  }
  const page = rooms.slice(offset, offset + limit);
  const items = await storage.stats.summarizeRooms(page, settings.worker_timeout_seconds);
  return { items: [...items], total: rooms.length, limit, offset };
}
