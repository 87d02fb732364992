import { Invitation, InvitationRequest, NewInvitation } from "./invitation.ts";
import { operation } from "./operation.ts";
import { API_PATH, InvitationParams, RoomParams } from "./operation-parts.ts";
import { PageQuery, pageOf } from "./page.ts";

/** A short-lived token for one room. */
export const createInvitation = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/invitations`,
  summary: "A short-lived token for one room, and for certain jobs where they are named",
  access: "room-register",
  params: RoomParams,
  body: InvitationRequest,
  bodyOptional: true,
  responses: { 201: NewInvitation },
  problems: ["invalid-room-id", "no-invitations"],
});

/** A room's invitations, without their tokens. */
export const listInvitations = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/invitations`,
  summary: "A room's invitations, without their tokens",
  access: "room-register",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: pageOf(Invitation) },
  problems: ["invalid-room-id"],
});

/** Take an invitation back. */
export const revokeInvitation = operation({
  method: "DELETE",
  path: `${API_PATH}/invitations/:invitation_id`,
  summary: "Take an invitation back: its token opens nothing any more, and its workers are gone",
  access: "invitation-owner",
  params: InvitationParams,
  responses: { 200: Invitation },
  problems: ["invitation-not-found"],
});
