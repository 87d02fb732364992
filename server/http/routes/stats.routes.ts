import type { Context } from "../../context.ts";
import { readHealth } from "../../use-cases/read-health.ts";
import { listRooms } from "../../use-cases/rooms/list-rooms.ts";
import { readStats } from "../../use-cases/rooms/read-stats.ts";
import type { Handlers } from "../call.ts";

export const createStatsRoutes = (
  context: Context,
): Pick<Handlers, "listRooms" | "readRoomStats" | "readStats" | "readHealth"> => ({
  listRooms: async ({ caller, query }) => ({ status: 200, body: await listRooms(context, caller, query) }),

  readRoomStats: async ({ params, query }) => ({
    status: 200,
    body: await readStats(context, params.room_id, query.hours),
  }),

  readStats: async ({ query }) => ({ status: 200, body: await readStats(context, undefined, query.hours) }),

  readHealth: async () => ({ status: 200, body: await readHealth(context) }),
});
