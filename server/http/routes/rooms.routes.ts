import type { Context } from "../../context.ts";
import { createInvitation, listInvitations, revokeInvitation } from "../../use-cases/rooms/invitations.ts";
import { listRooms } from "../../use-cases/rooms/list-rooms.ts";
import { readStats } from "../../use-cases/rooms/read-stats.ts";
import { type Handlers, ok } from "../operation-route.ts";

export const createRoomRoutes = (context: Context) =>
  ({
    listRooms: async ({ caller, query }) => ok(await listRooms(context, caller, query)),

    readRoomStats: async ({ params, query }) => ok(await readStats(context, params.room_id, query.hours)),

    readStats: async ({ query }) => ok(await readStats(context, undefined, query.hours)),

    createInvitation: async ({ caller, params, body }) => ({
      status: 201,
      body: await createInvitation(context, caller, { roomId: params.room_id, request: body ?? {} }),
      // The response contains a token, so it must not be cached.
      headers: { "cache-control": "no-store" },
    }),

    listInvitations: async ({ params, query }) => ok(await listInvitations(context, params.room_id, query)),

    revokeInvitation: async ({ caller, params }) =>
      ok(await revokeInvitation(context, caller, params.invitation_id)),
  }) satisfies Partial<Handlers>;
