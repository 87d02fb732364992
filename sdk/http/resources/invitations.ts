import type { Invitation, NewInvitation } from "../../../protocol/index.ts";
import type { CallOptions } from "../options.ts";
import { type RequestBody, type RequestQuery, Resource, type ResponseBody } from "./resource.ts";

/** Invitations to rooms: `client.invitations`. */
export class Invitations extends Resource {
  /** Creates a short-lived token for one room, optionally limited to some jobs. */
  create(
    room: string,
    invitation: RequestBody<"createInvitation"> = {},
    options?: CallOptions,
  ): Promise<NewInvitation> {
    return this.send("createInvitation", { params: { room_id: room }, body: invitation }, options);
  }

  /** Lists a room's invitations, without their tokens. */
  list(
    room: string,
    query: RequestQuery<"listInvitations"> = {},
    options?: CallOptions,
  ): Promise<ResponseBody<"listInvitations">> {
    return this.send("listInvitations", { params: { room_id: room }, query }, options);
  }

  /** Revokes an invitation: its token becomes invalid and its workers are removed. */
  revoke(id: string, options?: CallOptions): Promise<Invitation> {
    return this.send("revokeInvitation", { params: { invitation_id: id } }, options);
  }
}
