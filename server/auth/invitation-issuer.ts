import type { Invitation } from "../../protocol/index.ts";
import type { InvitationStorage } from "../storage/ports/invitations.ts";
import { createToken } from "./create-token.ts";
import { InvitationStatusCache } from "./invitation-status.ts";

const PREFIX = "invitation:";

/** Returns the user id of an invitation's bearer. Each invitation is its own user, with its own workers and tasks. */
export const getInvitedUserId = (id: string): string => `${PREFIX}${id}`;

/** Returns the invitation id of a token's `sub` and `jti`; undefined if the token is not an invitation. */
export const getInvitationId = ({
  sub,
  jti,
}: {
  sub: string;
  jti?: string | undefined;
}): string | undefined => (jti !== undefined && sub === getInvitedUserId(jti) ? jti : undefined);

/**
 * Signs invitations and checks whether they are still valid. Used only by servers that sign their own tokens.
 */
export interface InvitationIssuer {
  readonly status: InvitationStatusCache;
  sign(invitation: Invitation): Promise<string>;
}

/** Creates an issuer that signs with the server's secret. */
export const createInvitationIssuer = (secret: string, invitations: InvitationStorage): InvitationIssuer => ({
  status: new InvitationStatusCache(invitations),
  sign: ({ id, room_id, jobs, expires_at }) =>
    createToken(secret, {
      sub: getInvitedUserId(id),
      jti: id,
      rooms: [room_id],
      ...(jobs !== null && { jobs }),
      expiresAt: new Date(expires_at),
    }),
});
