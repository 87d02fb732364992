import {
  DEFAULT_INVITATION_SECONDS,
  type Invitation,
  type InvitationRequest,
  type NewInvitation,
  type Page,
  type PageQuery,
  Problem,
} from "../../protocol/index.ts";
import { type Caller, forbidden } from "../access.ts";
import { getInvitedUserId } from "../auth/invitation-issuer.ts";
import type { Context } from "../context.ts";
import { createJobsChangedEvents, createRequeueEvents, type ResultWithEvents } from "./events.ts";

const notFound = () =>
  new Problem("invitation-not-found", "There is no such invitation, or it is long over.");

/** The jobs that an invitation is for: those that were asked for, never more than the inviter's own. */
const jobsOf = (
  asked: readonly string[] | undefined,
  own: readonly string[] | null,
): readonly string[] | null => {
  if (own === null) return asked === undefined ? null : [...new Set(asked)];
  const beyond = (asked ?? []).find((job) => !own.includes(job));
  if (beyond !== undefined) throw new Problem("forbidden", `You may not register ${beyond} yourself.`);
  return asked === undefined ? own : [...new Set(asked)];
};

/** Lets somebody into a room for a while, to do there what the inviter may do, or less. */
export const createInvitation = async (
  { storage, invitations: issuer, newId }: Pick<Context, "storage" | "invitations" | "newId">,
  caller: Caller,
  { roomId, request }: { readonly roomId: string; readonly request: InvitationRequest },
): Promise<NewInvitation> => {
  if (issuer === undefined) {
    throw new Problem(
      "no-invitations",
      "This server signs no tokens: that takes a JOBLIB_JWT_SECRET; with a host's or an issuer's users, ask those for one.",
    );
  }
  const own = await caller.credentials();
  // Revoking it would have to find all that it had made.
  if (own.invitationId !== null) throw new Problem("forbidden", "Who was invited cannot invite others.");
  const invitation = await storage.invitations.create({
    id: newId(),
    roomId,
    jobs: jobsOf(request.jobs, own.jobs),
    note: request.note ?? null,
    createdById: caller.actor.id,
    seconds: request.expires_in_seconds ?? DEFAULT_INVITATION_SECONDS,
    notBeyond: own.expiresAt,
  });
  return { ...invitation, token: await issuer.sign(invitation) };
};

/** A room's, newest first. */
export const listInvitations = async (
  { storage }: Pick<Context, "storage">,
  roomId: string,
  { limit, offset }: PageQuery,
): Promise<Page<Invitation>> => {
  const { items, total } = await storage.invitations.list(roomId, { limit, offset });
  return { items: [...items], total, limit, offset };
};

/** An invited user has a handful of workers; of more, the sweeper ends what these leave. */
const MOST_WORKERS = 500;

/** Takes one back: its bearer is nobody from now on, and what its workers held is offered again at once. */
export const revokeInvitation = async (
  context: Pick<Context, "storage" | "invitations" | "owners" | "waitingClaims" | "settings">,
  caller: Caller,
  id: string,
): Promise<ResultWithEvents<Invitation>> => {
  const { storage, invitations: issuer, owners, waitingClaims, settings } = context;
  const found = await storage.invitations.find(id);
  if (found === undefined) throw notFound();
  if (found.created_by_id !== caller.actor.id && !caller.actor.isAdmin) throw forbidden("invitation-owner");
  const invitation = await storage.invitations.revoke(found.id);
  if (invitation === undefined) throw notFound();
  issuer?.status.setRevoked(invitation.id);

  const window = { limit: MOST_WORKERS, offset: 0 };
  const of = { userId: getInvitedUserId(invitation.id) };
  const workers = await storage.workers.list(of, window, settings.worker_timeout_threshold);
  const ends = await Promise.all(
    workers.items.map(async ({ id: workerId }) => {
      const end = await storage.workers.remove(workerId, "the invitation of its worker was revoked");
      owners.forget(workerId);
      waitingClaims.refresh(workerId);
      return end === undefined
        ? []
        : [...createRequeueEvents(end.tasks, workerId), ...createJobsChangedEvents(end.rooms)];
    }),
  );
  return { value: invitation, events: ends.flat() };
};
