import * as z from "zod";
import { Timestamp } from "./timestamp.ts";

/** How long an invitation is good for that names no time: a day. */
export const INVITATION_SECONDS = 86_400;
/** The longest: 30 days. */
export const MAX_INVITATION_SECONDS = 30 * 86_400;

/** A job as a class names it, wherever it is registered: `<category>:<name>`. */
export const JobKind = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,128}:[A-Za-z0-9_.-]{1,128}$/, { error: "must be <category>:<name>" })
  .meta({ examples: ["modifiers:Rotate"] });

/** A job's kind, from its parts. */
export const jobKind = ({ category, name }: { readonly category: string; readonly name: string }): string =>
  `${category}:${name}`;

/** Somebody is to be let into a room for a while. */
export const InvitationRequest = z.object({
  jobs: z
    .array(JobKind)
    .min(1)
    .max(100)
    .optional()
    .describe("`<category>:<name>` of what may be registered; without it, any"),
  expires_in_seconds: z
    .int()
    .min(60)
    .max(MAX_INVITATION_SECONDS)
    .optional()
    .describe(`${INVITATION_SECONDS}; not beyond the inviter's own token`),
  note: z.string().max(255).nullable().optional().describe("for people: whom it is for"),
});
export type InvitationRequest = z.infer<typeof InvitationRequest>;

/** An invitation as lists show it: never with its token. */
export const Invitation = z.object({
  id: z.string(),
  room_id: z.string(),
  jobs: z.array(z.string()).nullable().describe("null: any"),
  note: z.string().nullable(),
  created_by_id: z.string(),
  created_at: Timestamp,
  expires_at: Timestamp,
  revoked_at: Timestamp.nullable(),
});
export type Invitation = z.infer<typeof Invitation>;

/** An invitation as it was just made: the only time that its token is told. */
export const NewInvitation = Invitation.extend({ token: z.string().describe("a bearer token") });
export type NewInvitation = z.infer<typeof NewInvitation>;
