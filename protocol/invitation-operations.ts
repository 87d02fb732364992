import { Invitation, InvitationRequest, NewInvitation } from "./invitations.ts";
import { operation } from "./operation.ts";
import { API_PATH, InvitationParams, RoomParams } from "./operation-parts.ts";
import { createPageSchema, PageQuery } from "./page.ts";

/** Creates a short-lived token for one room. */
export const createInvitation = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/invitations`,
  summary: "Create a short-lived token for one room, optionally limited to some jobs",
  access: "room-register",
  params: RoomParams,
  body: InvitationRequest,
  bodyOptional: true,
  responses: { 201: NewInvitation },
  problems: ["invalid-room-id", "no-invitations"],
});

/** Lists a room's invitations, without their tokens. */
export const listInvitations = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/invitations`,
  summary: "List a room's invitations, without their tokens",
  access: "room-register",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Invitation) },
  problems: ["invalid-room-id"],
});

/** Revokes an invitation. */
export const revokeInvitation = operation({
  method: "DELETE",
  path: `${API_PATH}/invitations/:invitation_id`,
  summary: "Revoke an invitation: its token becomes invalid and its workers are removed",
  access: "invitation-owner",
  params: InvitationParams,
  responses: { 200: Invitation },
  problems: ["invitation-not-found"],
});
