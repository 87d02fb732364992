import type { Context } from "../../context.ts";
import { readCaller } from "../../use-cases/read-caller.ts";
import { createInvitation, listInvitations, revokeInvitation } from "../../use-cases/rooms/invitations.ts";
import type { Handlers } from "../call.ts";

type AccessHandlers = Pick<
  Handlers,
  "createInvitation" | "listInvitations" | "revokeInvitation" | "readCaller"
>;

export const createAccessRoutes = (context: Context): AccessHandlers => ({
  createInvitation: async ({ caller, params, body }) => ({
    status: 201,
    body: await createInvitation(context, caller, { roomId: params.room_id, request: body ?? {} }),
    // The response contains a token, so it must not be cached.
    headers: { "cache-control": "no-store" },
  }),

  listInvitations: async ({ params, query }) => ({
    status: 200,
    body: await listInvitations(context, params.room_id, query),
  }),

  revokeInvitation: async ({ caller, params }) => ({
    status: 200,
    body: await revokeInvitation(context, caller, params.invitation_id),
  }),

  readCaller: async ({ caller, query }) => ({
    status: 200,
    body: await readCaller(caller, query.room_id),
  }),
});
