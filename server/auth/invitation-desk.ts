import type { Invitation } from "../../protocol/index.ts";
import type { InvitationStorage } from "../storage/invitations.ts";
import { createToken } from "./create-token.ts";
import { OpenInvitations } from "./open-invitations.ts";

const PREFIX = "invitation:";

/** The user that an invitation's bearer is: nobody else's workers and tasks are its own. */
export const invitedUser = (id: string): string => `${PREFIX}${id}`;

/** The invitation that a token is, by its `sub` and `jti`; undefined for one that stands for itself. */
export const invitationIdOf = ({
  sub,
  jti,
}: {
  sub: string;
  jti?: string | undefined;
}): string | undefined => (jti !== undefined && sub === invitedUser(jti) ? jti : undefined);

/** Where a server that signs its own tokens writes invitations, and looks whether they are still good. */
export interface InvitationDesk {
  readonly open: OpenInvitations;
  sign(invitation: Invitation): Promise<string>;
}

/** A desk that signs with the server's secret. */
export const invitationDesk = (secret: string, invitations: InvitationStorage): InvitationDesk => ({
  open: new OpenInvitations(invitations),
  sign: ({ id, room_id, jobs, expires_at }) =>
    createToken(secret, {
      sub: invitedUser(id),
      jti: id,
      rooms: [room_id],
      ...(jobs !== null && { jobs }),
      expiresAt: new Date(expires_at),
    }),
});
