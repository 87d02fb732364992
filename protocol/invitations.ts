import * as z from "zod";
import type { JobAddress } from "./job-name.ts";
import { API_PATH, operation } from "./operation.ts";
import { createPageSchema, PageQuery } from "./page.ts";
import { RoomParams } from "./rooms.ts";
import { Timestamp } from "./time.ts";

export const DEFAULT_INVITATION_SECONDS = 86_400;
export const MAX_INVITATION_SECONDS = 30 * 86_400;

/** A job's category and name, without a room: `<category>:<name>`. */
export const JobKind = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,128}:[A-Za-z0-9_.-]{1,128}$/, { error: "must be <category>:<name>" })
  .meta({ examples: ["modifiers:Rotate"] });

export function formatJobKind({ category, name }: Pick<JobAddress, "category" | "name">): string {
  return `${category}:${name}`;
}

export const InvitationRequest = z.object({
  jobs: z
    .array(JobKind)
    .min(1)
    .max(100)
    .optional()
    .describe("jobs (`<category>:<name>`) that workers with the token may register; any job if missing"),
  expires_in_seconds: z
    .int()
    .min(60)
    .max(MAX_INVITATION_SECONDS)
    .optional()
    .describe(
      `seconds until the token expires, default ${DEFAULT_INVITATION_SECONDS}; it never expires later than the caller's own token`,
    ),
  note: z
    .string()
    .max(255)
    .nullable()
    .optional()
    .describe("a note, for example the name of the invited person"),
});
export type InvitationRequest = z.infer<typeof InvitationRequest>;

export const Invitation = z.object({
  id: z.string(),
  room_id: z.string(),
  jobs: z
    .array(z.string())
    .nullable()
    .describe("jobs that workers with the token may register; null means any job"),
  note: z.string().nullable(),
  created_by_id: z.string(),
  created_at: Timestamp,
  expires_at: Timestamp,
  revoked_at: Timestamp.nullable(),
});
export type Invitation = z.infer<typeof Invitation>;

/** A new invitation. No other response contains its token. */
export const NewInvitation = Invitation.extend({ token: z.string().describe("a bearer token") });
export type NewInvitation = z.infer<typeof NewInvitation>;

const InvitationParams = z.object({ invitation_id: z.string() });

export const createInvitation = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/invitations`,
  summary: "Create an invitation, with a token for one room that expires and can be limited to some jobs",
  access: "room-register",
  // A repeated request would create a second token.
  retryable: false,
  params: RoomParams,
  body: InvitationRequest,
  bodyOptional: true,
  responses: { 201: NewInvitation },
  responseDescriptions: { 201: "The invitation was created. Only this response contains its token." },
  problems: ["invalid-room-id", "invitations-not-supported"],
});

export const listInvitations = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/invitations`,
  summary: "List a room's invitations, without their tokens",
  access: "room-register",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Invitation) },
  responseDescriptions: { 200: "A page of invitations." },
  problems: ["invalid-room-id"],
});

export const revokeInvitation = operation({
  method: "DELETE",
  path: `${API_PATH}/invitations/:invitation_id`,
  summary: "Revoke an invitation: its token becomes invalid, and the workers that use the token are removed",
  access: "invitation-owner",
  params: InvitationParams,
  responses: { 200: Invitation },
  responseDescriptions: { 200: "The revoked invitation." },
  problems: ["invitation-not-found"],
});

export const invitationOperations = { createInvitation, listInvitations, revokeInvitation } as const;
