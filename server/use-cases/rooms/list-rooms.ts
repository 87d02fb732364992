import {
  GLOBAL_ROOM,
  isRoomId,
  type Page,
  type PageQuery,
  type RoomSummary,
} from "../../../protocol/index.ts";
import { type Caller, canRead } from "../../access.ts";
import type { Context } from "../../context.ts";

/** Maximum number of rooms about which the host is asked whether the caller can read them. */
const MAX_CHECKED_ROOMS = 1_000;
/** Number of concurrent calls of the host's `authorizeRoom`. */
const CONCURRENT_CHECKS = 20;

type Ports = Pick<Context, "storage" | "settings">;

const filterReadable = async (caller: Caller, rooms: readonly string[]): Promise<string[]> => {
  const readable: string[] = [];
  for (let start = 0; start < rooms.length; start += CONCURRENT_CHECKS) {
    const batch = rooms.slice(start, start + CONCURRENT_CHECKS);
    const canReadRoom = await Promise.all(batch.map((room) => canRead(caller, room)));
    readable.push(...batch.filter((_, index) => canReadRoom[index]));
  }
  return readable;
};

/**
 * Returns the rooms that the caller can read. Calls `authorizeRoom` even for the rooms that the host lists.
 */
const findReadableRooms = async ({ storage }: Ports, caller: Caller): Promise<string[]> => {
  const listed = (await caller.listRooms())?.filter(isRoomId).slice(0, MAX_CHECKED_ROOMS);
  const rooms = listed ?? (await storage.stats.listRoomNames(MAX_CHECKED_ROOMS));
  const others = [...new Set(rooms)].filter((room) => room !== GLOBAL_ROOM).toSorted();
  return [GLOBAL_ROOM, ...(await filterReadable(caller, others))];
};

/**
 * Lists the rooms that the caller can read. The candidates are the rooms that the host lists, or all rooms
 * with jobs or tasks if the host cannot list any.
 */
export const listRooms = async (
  ports: Ports,
  caller: Caller,
  { limit, offset }: PageQuery,
): Promise<Page<RoomSummary>> => {
  const rooms = await findReadableRooms(ports, caller);
  const page = rooms.slice(offset, offset + limit);
  const items = await ports.storage.stats.summarizeRooms(page, ports.settings.worker_timeout_threshold);
  return { items: [...items], total: rooms.length, limit, offset };
};
