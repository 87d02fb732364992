import { GLOBAL_ROOM, isRoomId, type Page, type PageQuery, type RoomSummary } from "../../protocol/index.ts";
import { type Caller, canRead } from "../access.ts";
import type { Context } from "../context.ts";

/** Rooms that the host is asked about, one by one, where it cannot name those of a user. */
const MOST_ASKED = 1_000;
/** Of them so many at a time. */
const AT_ONCE = 20;

type Ports = Pick<Context, "storage" | "settings">;

const readable = async (caller: Caller, rooms: readonly string[]): Promise<string[]> => {
  const found: string[] = [];
  for (let start = 0; start < rooms.length; start += AT_ONCE) {
    const some = rooms.slice(start, start + AT_ONCE);
    const may = await Promise.all(some.map((room) => canRead(caller, room)));
    found.push(...some.filter((_, index) => may[index]));
  }
  return found;
};

/** A host that names a user's rooms is believed no further than `authorizeRoom` goes. */
const roomsOf = async ({ storage }: Ports, caller: Caller): Promise<string[]> => {
  const named = (await caller.namedRooms())?.filter(isRoomId).slice(0, MOST_ASKED);
  const rooms = named ?? (await storage.stats.listRoomNames(MOST_ASKED));
  const others = [...new Set(rooms)].filter((room) => room !== GLOBAL_ROOM).toSorted();
  return [GLOBAL_ROOM, ...(await readable(caller, others))];
};

/** The rooms that a caller may read: those that the host names, otherwise those that hold jobs or tasks. */
export const listRooms = async (
  ports: Ports,
  caller: Caller,
  { limit, offset }: PageQuery,
): Promise<Page<RoomSummary>> => {
  const rooms = await roomsOf(ports, caller);
  const shown = rooms.slice(offset, offset + limit);
  const items = await ports.storage.stats.summarizeRooms(shown, ports.settings.worker_timeout_threshold);
  return { items: [...items], total: rooms.length, limit, offset };
};
