import {
  DEFAULT_INVITATION_SECONDS,
  type Invitation,
  type InvitationRequest,
  type NewInvitation,
  type Page,
  type PageQuery,
  Problem,
} from "../../../protocol/index.ts";
import { type Caller, forbidden } from "../../access.ts";
import { getInvitedUserId } from "../../auth/invitations.ts";
import type { Context } from "../../context.ts";
import { announceRemoval } from "../events.ts";

/** Invites a user into a room, with at most the inviter's permissions there. */
export async function createInvitation(
  { storage, invitations: issuer, newId }: Context,
  caller: Caller,
  { roomId, request }: { readonly roomId: string; readonly request: InvitationRequest },
): Promise<NewInvitation> {
  if (issuer === undefined) {
    throw new Problem(
      "invitations-not-supported",
      "This server cannot create invitations, because it does not sign tokens. Set JOBLIB_JWT_SECRET on a `joblib serve` server, or get a token from the host application or the identity provider.",
    );
  }
  const own = caller.credentials;
  // If invited users could invite others, a revocation would also have to revoke those invitations.
  if (own.invitationId !== null) throw new Problem("forbidden", "Invited users cannot invite others.");
  const invitation = await storage.invitations.create({
    id: newId(),
    roomId,
    jobs: resolveInvitedJobs(request.jobs, own.jobs),
    note: request.note ?? null,
    createdById: caller.actor.id,
    seconds: request.expires_in_seconds ?? DEFAULT_INVITATION_SECONDS,
    notBeyond: own.expiresAt,
  });
  return { ...invitation, token: await issuer.sign(invitation) };
}

/** Returns the requested jobs, by default those of the inviter. Null allows all jobs. */
function resolveInvitedJobs(requested: readonly string[] | undefined, own: readonly string[] | null) {
  if (requested === undefined) return own;
  const disallowed = own === null ? undefined : requested.find((job) => !own.includes(job));
  if (disallowed === undefined) return [...new Set(requested)];
  const detail = `An invitation cannot allow ${disallowed}, because you are not allowed to register it.`;
  throw new Problem("forbidden", detail);
}

/** Lists the invitations of a room, newest first. */
export async function listInvitations(
  { storage }: Context,
  roomId: string,
  window: PageQuery,
): Promise<Page<Invitation>> {
  const { items, total } = await storage.invitations.list(roomId, window);
  return { items: [...items], total, ...window };
}

/**
 * Maximum number of workers that a revocation removes. A sweep removes the other workers, whose
 * heartbeats fail after the revocation.
 */
const MAX_REMOVED_WORKERS = 500;

/** Revokes an invitation and its token. Removes its workers; their tasks fail or are requeued. */
export async function revokeInvitation(context: Context, caller: Caller, id: string): Promise<Invitation> {
  const { storage, settings } = context;
  const found = await storage.invitations.find(id);
  if (found === undefined) throw invitationNotFound();
  if (found.created_by_id !== caller.actor.id && !caller.actor.isAdmin) throw forbidden("invitation-owner");
  const invitation = await storage.invitations.revoke(found.id);
  if (invitation === undefined) throw invitationNotFound();
  context.invitations?.status.setRevoked(invitation.id);

  const workers = await storage.workers.list(
    { userId: getInvitedUserId(invitation.id) },
    { limit: MAX_REMOVED_WORKERS, offset: 0 },
    settings.worker_timeout_seconds,
  );
  await Promise.all(
    workers.items.map(async ({ id: workerId }) => {
      const removal = await storage.workers.remove(workerId, "the invitation of the worker was revoked");
      announceRemoval(context, workerId, removal);
    }),
  );
  return invitation;
}

function invitationNotFound(): Problem {
  const detail = "Invitation not found. It may have been deleted after it expired.";
  return new Problem("invitation-not-found", detail);
}
